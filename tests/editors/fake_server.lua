-- A language server inside the editor, whose answers a test scripts. Everything it receives is in `received`.
local M = {
  encoding = 'utf-16',
  received = {}, -- { method, params } of every message
  waiting = {}, -- requests that are not answered yet while `hold` is set: { id, params, reply }
  hold = false,
  insert = nil, -- function(params) -> items
  answers = {}, -- by method: function(params) -> result
}

function M.start(dispatchers)
  local closing, next_id = false, 0
  local function request(method, params, callback, on_done)
    next_id = next_id + 1
    local id = next_id
    M.received[#M.received + 1] = { method = method, params = params }
    local function reply(result)
      vim.schedule(function()
        if on_done then
          on_done(id)
        end
        callback(nil, result)
      end)
    end
    if method == 'initialize' then
      reply({
        capabilities = {
          positionEncoding = M.encoding,
          textDocumentSync = { openClose = true, change = 2 },
          inlineCompletionProvider = {},
          completionProvider = {},
          codeActionProvider = { resolveProvider = true },
          executeCommandProvider = { commands = { 'fake.accepted', 'tacit.act', 'tacit.pullModel' } },
        },
      })
      return true, id
    end
    local function answer()
      if method == 'textDocument/inlineCompletion' then
        reply({ items = M.insert and M.insert(params) or {} })
      elseif M.answers[method] then
        reply(M.answers[method](params))
      else
        reply(nil)
      end
    end
    if M.hold then
      M.waiting[#M.waiting + 1] = { id = id, answer = answer }
    else
      answer()
    end
    return true, id
  end
  return {
    request = request,
    notify = function(method, params)
      M.received[#M.received + 1] = { method = method, params = params }
      if method == 'exit' then
        closing = true
        dispatchers.on_exit(0, 0)
      end
      return true
    end,
    is_closing = function()
      return closing
    end,
    terminate = function()
      closing = true
      vim.schedule(function()
        dispatchers.on_exit(0, 9)
      end)
    end,
  }
end

function M.notify_client(method, params)
  local client = vim.lsp.get_clients({ name = 'tacit' })[1]
  local handler = client.handlers[method] or vim.lsp.handlers[method]
  handler(nil, params, { client_id = client.id, method = method })
end

return M
