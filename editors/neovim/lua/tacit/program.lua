--- Runs the program `tacit` for what the running server does not tell: models, statistics, the doctor's findings.
local search = require('tacit.search')
local server = require('tacit.server')

local M = {}

local TIMEOUT_MS = 30000

--- The program of the server. Nil if the server is started by a function.
---@return string?
function M.name()
  local cmd = server.config().cmd
  return type(cmd) == 'table' and cmd[1] or nil
end

---@param arguments string[]
---@return string[]? command
---@return string? reason
local function command(arguments)
  local name = M.name()
  if not name then
    return nil, 'The option `cmd` is a function, so the program `tacit` is not known.'
  end
  local reason = search.missing(name)
  if reason then
    return nil, reason
  end
  return vim.list_extend({ name }, arguments)
end

---@param done vim.SystemCompleted
---@return string? output
---@return string? reason
local function outcome(done)
  -- A doctor that finds something wrong says so in the status, too.
  if done.code == 0 or done.stdout ~= '' then
    return done.stdout
  end
  local words = vim.trim(done.stderr or '')
  return nil, words ~= '' and words or ('It ended with status %d.'):format(done.code)
end

---@return vim.SystemOpts
local function options()
  return { text = true, timeout = TIMEOUT_MS, env = server.config().cmd_env }
end

--- Runs it and calls `on_done` with what it printed, or with nil and the reason in words if it printed nothing.
---@param arguments string[]
---@param on_done fun(output: string?, reason: string?)
function M.run(arguments, on_done)
  local words, reason = command(arguments)
  if not words then
    on_done(nil, reason)
    return
  end
  local started, problem = pcall(
    vim.system,
    words,
    options(),
    vim.schedule_wrap(function(done)
      on_done(outcome(done))
    end)
  )
  if not started then
    on_done(nil, tostring(problem))
  end
end

--- Runs it and waits.
---@param arguments string[]
---@return string? output
---@return string? reason
function M.wait(arguments)
  local words, reason = command(arguments)
  if not words then
    return nil, reason
  end
  local started, process = pcall(vim.system, words, options())
  if not started then
    return nil, tostring(process)
  end
  return outcome(process:wait())
end

--- What it printed with `--json`. Nil for anything else.
---@param output string?
---@return table?
function M.decode(output)
  local ok, value = pcall(vim.json.decode, output or '', { luanil = { object = true, array = true } })
  return ok and type(value) == 'table' and value or nil
end

return M
