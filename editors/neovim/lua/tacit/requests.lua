--- Stands between Neovim's LSP client and the server: adds what Neovim leaves out of its requests, and answers for the
--- server where suggestions are paused.
local actions = require('tacit.actions')
local pauses = require('tacit.pauses')

local M = {}

local SUGGESTIONS = {
  ['textDocument/inlineCompletion'] = true,
  ['textDocument/completion'] = true,
}

local INVOKED = 1

---@type table<integer, true?> ids of clients
local intercepted = {}

---@type table<integer, true?> buffers in which the next request for ghost text is the user's
local invoked = {}

--- Makes the next request for ghost text in a buffer one that the user asked for. Those that Neovim itself sends never
--- say so.
---@param bufnr integer
function M.invoke(bufnr)
  invoked[bufnr] = true
end

--- Whoever asks, the plugin, Neovim or another plugin, goes through this one function of the client.
---@param client vim.lsp.Client
function M.intercept(client)
  if intercepted[client.id] then
    return
  end
  intercepted[client.id] = true
  local send = client.rpc.request
  client.rpc.request = function(method, params, callback, on_done)
    if SUGGESTIONS[method] and pauses.at(vim.uri_to_bufnr(params.textDocument.uri)) then
      vim.schedule(function()
        callback(nil, { isIncomplete = false, items = {} })
      end)
      return true
    end
    if method == 'textDocument/inlineCompletion' then
      local bufnr = vim.uri_to_bufnr(params.textDocument.uri)
      if invoked[bufnr] then
        params.context.triggerKind = INVOKED
        invoked[bufnr] = nil
      end
    end
    if method == 'textDocument/codeAction' then
      params = actions.with_diagnostics(client, params)
      local answer = callback
      callback = function(err, entries, ...)
        answer(err, actions.with_commands(entries), ...)
      end
    end
    local ticket = actions.ticket_of(method, params)
    if ticket then
      callback = actions.followed(client, ticket, callback)
    end
    return send(method, params, callback, on_done)
  end
end

return M
