--- Ghost text on Neovim 0.12 and newer, by the editor's own `vim.lsp.inline_completion`. The editor asks and draws;
--- this module adds the keys, taking a word or a line, and the notifications about it.
local keys = require('tacit.keys')
local menu = require('tacit.menu')
local proposals = require('tacit.proposal')
local requests = require('tacit.requests')

local M = {}

local drawn_ns = vim.api.nvim_create_namespace('nvim.lsp.inline_completion')

--- Per buffer, how long the line of the cursor was when the editor asked: by request, and by client for what that has
--- answered last.
---@type table<integer, { asked: table<string, integer>, answered: table<integer, integer?> }>
local lengths = {}

---@type table<integer, true?> buffers whose suggestion made room for an item of the menu
local made_room = {}

---@param bufnr integer
local function follow_screen(bufnr)
  local is_visible = vim.api.nvim_get_current_buf() == bufnr and M.visible()
  if is_visible and menu.item_selected() then
    made_room[bufnr] = true
    M.dismiss()
  elseif is_visible then
    keys.hold(bufnr)
  else
    keys.release(bufnr)
  end
end

--- Lets the editor ask as after a key, in insert mode. It has no call for that, only the event.
---@param bufnr integer
---@return boolean
local function refresh(bufnr)
  local event = { group = 'nvim.lsp.inline_completion:' .. bufnr, buffer = bufnr, modeline = false }
  return vim.api.nvim_get_mode().mode:sub(1, 1) == 'i' and (pcall(vim.api.nvim_exec_autocmds, 'CursorMovedI', event))
end

---@param _ vim.lsp.Client
---@param bufnr integer
function M.attach(_, bufnr)
  -- For the whole buffer: what is enabled for a client alone counts only in buffers that are enabled, too.
  vim.lsp.inline_completion.enable(true, { bufnr = bufnr })
  keys.map_trigger(bufnr)
  lengths[bufnr] = { asked = {}, answered = {} }
  local group = vim.api.nvim_create_augroup('tacit.native.' .. bufnr, {})
  local follow_soon = vim.schedule_wrap(follow_screen)
  vim.api.nvim_create_autocmd({
    'InsertEnter',
    'InsertLeave',
    'TextChangedI',
    'TextChangedP',
    'CursorMovedI',
    'CompleteChanged',
  }, {
    group = group,
    buffer = bufnr,
    callback = function()
      follow_soon(bufnr)
    end,
  })
  -- The editor does not ask when a menu closes. And to the server what made room looks refused, unless the user asks.
  vim.api.nvim_create_autocmd('CompleteDone', {
    group = group,
    buffer = bufnr,
    callback = function()
      local is_as_before = made_room[bufnr] and vim.tbl_isempty(vim.v.completed_item)
      made_room[bufnr] = nil
      vim.schedule(is_as_before and M.trigger or function()
        refresh(bufnr)
      end)
    end,
  })
  vim.api.nvim_create_autocmd('LspRequest', {
    group = group,
    buffer = bufnr,
    callback = function(event)
      local client_id, request = event.data.client_id, event.data.request
      if request.method ~= 'textDocument/inlineCompletion' then
        return
      end
      local of_buffer, key = lengths[bufnr], client_id .. ':' .. event.data.request_id
      if request.type == 'pending' then
        of_buffer.asked[key] = #vim.api.nvim_get_current_line()
      elseif request.type == 'complete' then
        of_buffer.answered[client_id], of_buffer.asked[key] = of_buffer.asked[key], nil
        follow_soon(bufnr) -- the answer is drawn right after this
      end
    end,
  })
end

---@param bufnr integer
function M.detach(bufnr)
  pcall(vim.api.nvim_del_augroup_by_name, 'tacit.native.' .. bufnr)
  keys.release(bufnr)
  keys.unmap_trigger(bufnr)
  lengths[bufnr], made_room[bufnr] = nil, nil
end

--- There is more now than the last answer said. Nothing happens if the user has gone on or dismissed it.
---@param bufnr integer
function M.ask_again(bufnr)
  if vim.api.nvim_get_current_buf() == bufnr and M.visible() then
    refresh(bufnr)
  end
end

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
  local asked_length = vim.tbl_get(lengths, bufnr, 'answered', native.client_id)
  if proposal and asked_length and proposal.stop.row == proposals.cursor().row then
    -- The range is as old as the request, and what was typed since has moved its end.
    proposal.stop.column = proposal.stop.column + #vim.api.nvim_get_current_line() - asked_length
  end
  return proposal
end

--- Takes the suggestion off the screen, and hands it over.
---@param use? fun(bufnr: integer, item: vim.lsp.inline_completion.Item)
---@return boolean
local function take_off(use)
  local bufnr = vim.api.nvim_get_current_buf()
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      keys.release(bufnr)
      if use then
        use(bufnr, item)
      end
      -- Nothing returned: the editor is not to put the text into the buffer.
    end,
  }) == true
end

---@param portion 'all'|'word'|'line'
---@return boolean
function M.accept(portion)
  return take_off(function(bufnr, item)
    local proposal = read(bufnr, item)
    if proposal then
      proposals.take(bufnr, proposal, portion)
    end
  end)
end

---@return boolean
function M.dismiss()
  return take_off()
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

---@return boolean
function M.trigger()
  local bufnr = vim.api.nvim_get_current_buf()
  if not refresh(bufnr) then
    return false
  end
  requests.invoke(bufnr)
  return true
end

---@return boolean
function M.visible()
  return #vim.api.nvim_buf_get_extmarks(0, drawn_ns, 0, -1, { limit = 1 }) > 0
end

return M
