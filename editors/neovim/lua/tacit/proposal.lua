--- A proposal is one item of the server, tied to places in a buffer. This module reads items, says what of a proposal
--- is still ahead of the cursor, and puts it into the buffer. It draws nothing and asks the server for nothing.
local text = require('tacit.text')

local M = {}

---@class tacit.Proposal
---@field client vim.lsp.Client
---@field item table the server's item, as it came
---@field text string what stands between `start` and `stop` once all is accepted; unix line ends
---@field start { row: integer, column: integer } 0-based, bytes
---@field stop { row: integer, column: integer }
---@field head string the line before `start`, by which a later look knows that it is still the same place

---@return { row: integer, column: integer }
function M.cursor()
  local position = vim.api.nvim_win_get_cursor(0)
  return { row = position[1] - 1, column = position[2] }
end

---@param bufnr integer
---@param row integer
---@return string?
local function line(bufnr, row)
  return vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1]
end

---@param bufnr integer
---@param position lsp.Position
---@param encoding string
---@return { row: integer, column: integer }?
local function place(bufnr, position, encoding)
  local content = line(bufnr, position.line)
  if content then
    return { row = position.line, column = text.bytes(content, encoding, position.character) }
  end
end

--- Reads an item. Nil if it is not plain text or lies outside the buffer.
---@param client vim.lsp.Client
---@param bufnr integer
---@param item table
---@param encoding string? of the item's range; the client's if left out
---@return tacit.Proposal?
function M.read(client, bufnr, item, encoding)
  if type(item.insertText) ~= 'string' then
    return nil
  end
  local start, stop = M.cursor(), M.cursor()
  if item.range then
    encoding = encoding or client.offset_encoding
    start = place(bufnr, item.range.start, encoding)
    stop = place(bufnr, item.range['end'], encoding)
  end
  if not start or not stop then
    return nil
  end
  return {
    client = client,
    item = item,
    text = text.unix_lines(item.insertText),
    start = start,
    stop = stop,
    head = line(bufnr, start.row):sub(1, start.column),
  }
end

--- What the cursor has still ahead, and the text right of the cursor that it replaces. Nil if the text before the
--- cursor does not agree with the proposal, or nothing is left of it.
---@param bufnr integer
---@param proposal tacit.Proposal
---@return string? rest
---@return string? tail
---@return string? typed
function M.rest(bufnr, proposal)
  local cursor, start, stop = M.cursor(), proposal.start, proposal.stop
  local before_start = cursor.row < start.row or (cursor.row == start.row and cursor.column < start.column)
  if before_start or stop.row ~= cursor.row or stop.column < cursor.column then
    return nil
  end
  if line(bufnr, start.row):sub(1, start.column) ~= proposal.head then
    return nil
  end
  local typed =
    table.concat(vim.api.nvim_buf_get_text(bufnr, start.row, start.column, cursor.row, cursor.column, {}), '\n')
  local rest = proposal.text:sub(#typed + 1)
  local tail = line(bufnr, cursor.row):sub(cursor.column + 1, stop.column)
  if not vim.startswith(proposal.text, typed) or rest == '' or rest == tail then
    return nil
  end
  return rest, tail, typed
end

---@type table<'all'|'word'|'line', fun(rest: string): string>
local portions = {
  all = function(rest)
    return rest
  end,
  word = text.next_word,
  line = text.next_line,
}

--- Puts the next portion of a proposal into the buffer at the cursor and tells the server.
--- The text right of the cursor is replaced only once everything has been taken.
---@param bufnr integer
---@param proposal tacit.Proposal
---@param portion 'all'|'word'|'line'
---@return boolean taken
---@return boolean? complete nothing of the proposal is left
function M.take(bufnr, proposal, portion)
  local rest, tail, typed = M.rest(bufnr, proposal)
  if not rest or not vim.bo[bufnr].modifiable then
    return false
  end
  local piece = portions[portion](rest)
  local complete = piece == rest
  local cursor = M.cursor()
  -- Ends the current undo step, so that one `u` takes back what was accepted and not what was typed before it.
  vim.cmd('let &g:undolevels = &g:undolevels')
  local lines = vim.split(piece, '\n', { plain = true })
  local stop = cursor.column + (complete and #tail or 0)
  vim.api.nvim_buf_set_text(bufnr, cursor.row, cursor.column, cursor.row, stop, lines)
  local column = (#lines == 1 and cursor.column or 0) + #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { cursor.row + #lines, column })

  local item, client = proposal.item, proposal.client
  if not complete then
    local length = text.accepted_length(item.insertText, typed .. piece)
    client:notify('textDocument/didPartiallyAcceptCompletion', { item = item, acceptedLength = length })
  elseif item.command then
    client:exec_cmd(item.command, { bufnr = bufnr })
  end
  return true, complete
end

return M
