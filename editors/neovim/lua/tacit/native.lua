--- Ghost text on Neovim 0.12 and newer, by the editor's own `vim.lsp.inline_completion`. The editor asks and draws;
--- this module adds the keys, taking a word or a line, and the notifications about it.
local keys = require('tacit.keys')
local proposals = require('tacit.proposal')

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

--- Neovim's own inline completion asks when it wants to, and has no way to ask again.
function M.ask_again() end

--- The editor's item as a proposal.
---@param bufnr integer
---@param native vim.lsp.inline_completion.Item
---@return tacit.Proposal?
local function read(bufnr, native)
  local client = vim.lsp.get_client_by_id(native.client_id)
  if not client then
    return nil
  end
  -- The fields of a range differ between versions of Neovim; this conversion does not.
  local range = native.range and native.range:to_lsp('utf-8')
  local item = { insertText = native.insert_text, command = native.command, range = range }
  local proposal = proposals.read(client, bufnr, item, 'utf-8')
  item.range = nil -- the server counts in another encoding, and knows the item by its command
  if proposal then
    -- The range is as old as the request; what was typed since lies behind its end.
    local cursor = proposals.cursor()
    local stop = proposal.stop
    if stop.row < cursor.row or (stop.row == cursor.row and stop.column < cursor.column) then
      proposal.stop = cursor
    end
  end
  return proposal
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

---@param step 1|-1
---@return boolean
function M.select(step)
  local is_visible = M.visible()
  if is_visible then
    vim.lsp.inline_completion.select({ count = step })
  end
  return is_visible
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
