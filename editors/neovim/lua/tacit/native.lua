--- Ghost text on Neovim 0.12 and newer, by the editor's own `vim.lsp.inline_completion`. The editor asks and draws;
--- this module adds the keys, taking a word or a line, and the notifications about it.
local keys = require('tacit.keys')
local proposals = require('tacit.proposal')
local text = require('tacit.text')

local M = {}

local drawn_ns = vim.api.nvim_create_namespace('nvim.lsp.inline_completion')

---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  vim.lsp.inline_completion.enable(true, { client_id = client.id })
  local group = vim.api.nvim_create_augroup('tacit.native.' .. bufnr, {})
  local function follow_screen()
    if vim.api.nvim_get_current_buf() == bufnr and M.visible() then
      keys.hold(bufnr)
    else
      keys.release(bufnr)
    end
  end
  vim.api.nvim_create_autocmd({ 'InsertEnter', 'InsertLeave', 'TextChangedI', 'TextChangedP', 'CursorMovedI' }, {
    group = group,
    buffer = bufnr,
    callback = vim.schedule_wrap(follow_screen),
  })
  -- The answer is drawn right after its request is marked complete.
  vim.api.nvim_create_autocmd('LspRequest', {
    group = group,
    buffer = bufnr,
    callback = function(event)
      if event.data.request.method == 'textDocument/inlineCompletion' then
        vim.schedule(follow_screen)
      end
    end,
  })
end

---@param bufnr integer
function M.detach(bufnr)
  pcall(vim.api.nvim_del_augroup_by_name, 'tacit.native.' .. bufnr)
  keys.release(bufnr)
end

--- The editor's item as a proposal. Its range has two shapes: that of 0.12.0 and a flat one.
---@param bufnr integer
---@param item table
---@return tacit.Proposal?
local function read(bufnr, item)
  local client = vim.lsp.get_client_by_id(item.client_id)
  if not client or type(item.insert_text) ~= 'string' then
    return nil
  end
  local cursor, range = proposals.cursor(), item.range
  local start, stop = cursor, cursor
  if range then
    start = { row = range.start_row or range.start.row, column = range.start_col or range.start.col }
    stop = { row = range.end_row or range.end_.row, column = range.end_col or range.end_.col }
  end
  -- The range is as old as the request; what was typed since lies behind its end.
  if stop.row < cursor.row or stop.column < cursor.column then
    stop = cursor
  end
  local first = vim.api.nvim_buf_get_lines(bufnr, start.row, start.row + 1, false)[1]
  if not first then
    return nil
  end
  return {
    client = client,
    item = { insertText = item.insert_text, command = item.command },
    text = text.unix_lines(item.insert_text),
    start = start,
    stop = stop,
    head = first:sub(1, start.column),
  }
end

---@param portion 'all'|'word'|'line'
---@return boolean
function M.accept(portion)
  local bufnr = vim.api.nvim_get_current_buf()
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local proposal = read(bufnr, item)
      if proposal then
        proposals.take(bufnr, proposal, portion)
      end
      -- Nothing returned: the text is in the buffer already.
    end,
  }) == true
end

---@return boolean
function M.dismiss()
  -- The editor takes the suggestion off the screen before it hands it over; here nobody wants it.
  return vim.lsp.inline_completion.get({ on_accept = function() end }) == true
end

--- The editor asks by itself and has no call that asks now.
---@return boolean
function M.trigger()
  return false
end

---@return boolean
function M.visible()
  return #vim.api.nvim_buf_get_extmarks(0, drawn_ns, 0, -1, { limit = 1 }) > 0
end

return M
