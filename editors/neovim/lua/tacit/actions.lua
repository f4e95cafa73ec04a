--- Code actions. Neovim's own menu (`vim.lsp.buf.code_action`) shows and applies them; this module adds what it lacks:
--- diagnostics of other servers, the question for an instruction, a window for explanations. Also the edit without menu.
local progress = require('tacit.progress')
local report = require('tacit.report')
local text = require('tacit.text')

local M = {}

local ACT_COMMAND = 'tacit.act'

--- What comes back to the server when an entry is chosen.
---@class tacit.Ticket
---@field uri string
---@field offer { action: string, instruction: string?, target: { range: { start: integer } } } ranges in bytes of the file

---@param bufnr integer
---@param row integer 0-based
---@param column integer bytes
---@param encoding string
---@return lsp.Position
local function position(bufnr, row, column, encoding)
  local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ''
  return { line = row, character = text.units(line, encoding, math.min(column, #line)) }
end

---@param diagnostic vim.Diagnostic
---@param bufnr integer
---@param encoding string
---@return lsp.Diagnostic
local function to_lsp(diagnostic, bufnr, encoding)
  local last_row, last_column = diagnostic.end_lnum or diagnostic.lnum, diagnostic.end_col or diagnostic.col
  return {
    range = {
      start = position(bufnr, diagnostic.lnum, diagnostic.col, encoding),
      ['end'] = position(bufnr, last_row, last_column, encoding),
    },
    severity = diagnostic.severity,
    code = diagnostic.code,
    source = diagnostic.source,
    message = diagnostic.message,
    tags = vim.tbl_get(diagnostic, 'user_data', 'lsp', 'tags'),
  }
end

--- The request with the diagnostics of all servers and linters. Neovim tells a server only of its own.
---@param client vim.lsp.Client
---@param params lsp.CodeActionParams
---@return lsp.CodeActionParams
function M.with_diagnostics(client, params)
  local bufnr = vim.uri_to_bufnr(params.textDocument.uri)
  local diagnostics = vim.tbl_map(function(diagnostic)
    return to_lsp(diagnostic, bufnr, client.offset_encoding)
  end, vim.diagnostic.get(bufnr))
  local context = vim.tbl_extend('force', params.context, { diagnostics = diagnostics })
  return vim.tbl_extend('force', params, { context = context })
end

---@param ticket tacit.Ticket
---@return boolean
local function needs_instruction(ticket)
  return ticket.offer.action == 'edit' and ticket.offer.instruction == ''
end

--- The entries, with a command where an edit alone does not do: it asks for the instruction, or shows an explanation.
---@param entries lsp.CodeAction[]?
---@return lsp.CodeAction[]?
function M.with_commands(entries)
  for _, entry in ipairs(entries or {}) do
    local ticket = entry.data
    if vim.tbl_get(ticket or {}, 'offer') and (needs_instruction(ticket) or ticket.offer.action == 'explain') then
      entry.command = { title = entry.title, command = ACT_COMMAND, arguments = { ticket } }
      entry.data = nil
    end
  end
  return entries
end

--- The ticket of a request that does the work of an entry. Nil for any other.
---@param method string
---@param params table?
---@return tacit.Ticket?
function M.ticket_of(method, params)
  local ticket
  if method == 'codeAction/resolve' then
    ticket = params and params.data
  elseif method == 'workspace/executeCommand' and params and params.command == ACT_COMMAND then
    ticket = vim.tbl_get(params, 'arguments', 1)
  end
  return vim.tbl_get(ticket or {}, 'offer') and ticket or nil
end

--- Says which other files an edit concerns: Neovim changes them without showing them.
---@param edit lsp.WorkspaceEdit
---@param uri string of the file that the user sees
local function tell_other_files(edit, uri)
  local paths = {}
  for _, change in ipairs(edit.documentChanges or {}) do
    local changed = vim.tbl_get(change, 'textDocument', 'uri')
    if changed and changed ~= uri then
      paths[#paths + 1] = vim.fn.fnamemodify(vim.uri_to_fname(changed), ':~:.')
    end
  end
  if #paths > 0 then
    vim.notify(('tacit: changed %s, which is not saved yet'):format(table.concat(paths, ', ')))
  end
end

--- Whether a buffer takes edits. If it does not, the user is told.
---@param bufnr integer
---@return boolean
local function takes_edits(bufnr)
  local modifiable = vim.bo[bufnr].modifiable
  if not modifiable then
    vim.notify('tacit: this buffer cannot be changed: see :help modifiable', vim.log.levels.WARN)
  end
  return modifiable
end

--- The callback of the work on an entry, which is marked in the text until it is called.
---@param client vim.lsp.Client
---@param ticket tacit.Ticket
---@param callback fun(err: lsp.ResponseError?, result: any, ...)
---@return fun(err: lsp.ResponseError?, result: any, ...)
function M.followed(client, ticket, callback)
  local bufnr = vim.uri_to_bufnr(ticket.uri)
  local place = progress.begin(client.id, bufnr, ticket.offer.target.range.start)
  return function(err, result, ...)
    progress.finish(place)
    if type(result) == 'table' and result.edit and not takes_edits(bufnr) then
      result.edit = nil
    end
    callback(err, result, ...)
    if type(result) == 'table' and result.edit then
      tell_other_files(result.edit, ticket.uri)
    end
  end
end

---@param client vim.lsp.Client
---@param bufnr integer
---@param ticket tacit.Ticket
local function act(client, bufnr, ticket)
  local params = { command = ACT_COMMAND, arguments = { ticket } }
  client:request('workspace/executeCommand', params, function(err, result)
    if err then
      vim.notify('tacit: ' .. err.message, vim.log.levels.ERROR)
    elseif type(result) == 'table' and result.markdown then
      report.show('explanation', result.markdown, { filetype = 'markdown', focus = false })
    end
  end, bufnr)
end

--- Does what an entry's command says. Asks for the instruction first, where there is none.
---@param command lsp.Command
---@param context { client_id: integer, bufnr: integer }
function M.run(command, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  local ticket = vim.tbl_get(command, 'arguments', 1)
  if not client or not ticket then
    return
  end
  if ticket.offer.action ~= 'explain' and not takes_edits(context.bufnr) then
    return
  end
  if not needs_instruction(ticket) then
    act(client, context.bufnr, ticket)
    return
  end
  vim.ui.input({ prompt = 'tacit, change this so that: ' }, function(instruction)
    vim.cmd.redraw() -- takes the question off the screen
    if instruction and vim.trim(instruction) ~= '' then
      ticket.offer.instruction = instruction
      act(client, context.bufnr, ticket)
    end
  end)
end

--- The command of the entry that edits as told.
---@param entries lsp.CodeAction[]?
---@return lsp.Command?
local function edit_command(entries)
  for _, entry in ipairs(entries or {}) do
    local ticket = M.ticket_of('workspace/executeCommand', entry.command)
    if ticket and needs_instruction(ticket) then
      return entry.command
    end
  end
end

--- Edits as told: the lines from `first` to `last`, or, without them, the function or type at the cursor.
---@param client vim.lsp.Client
---@param bufnr integer
---@param first integer? 1-based
---@param last integer?
---@param instruction string asked for if empty
function M.edit(client, bufnr, first, last, instruction)
  local cursor = vim.api.nvim_win_get_cursor(0)
  local from = first and { first - 1, 0 } or { cursor[1] - 1, cursor[2] }
  local to = last and { last - 1, math.huge } or from
  local params = {
    textDocument = vim.lsp.util.make_text_document_params(bufnr),
    range = {
      start = position(bufnr, from[1], from[2], client.offset_encoding),
      ['end'] = position(bufnr, to[1], to[2], client.offset_encoding),
    },
    context = { only = { 'refactor.rewrite' }, triggerKind = vim.lsp.protocol.CodeActionTriggerKind.Invoked },
  }
  client:request('textDocument/codeAction', params, function(err, entries)
    local command = not err and edit_command(entries)
    if not command then
      vim.notify('tacit: nothing to edit here. Select lines, or put the cursor into a function.', vim.log.levels.WARN)
      return
    end
    command.arguments[1].offer.instruction = instruction
    M.run(command, { client_id = client.id, bufnr = bufnr })
  end, bufnr)
end

return M
