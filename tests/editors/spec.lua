-- What the specs share: cases that each run in a child Neovim of its own, which is typed into as a user would, against
-- a scripted server inside of it.
local M = {}

local here = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
local WAIT_MS = 5000

local child ---@type integer

function M.lua(code, ...)
  return vim.fn.rpcrequest(child, 'nvim_exec_lua', code, { ... })
end

function M.keys(typed)
  vim.fn.rpcrequest(child, 'nvim_input', typed)
end

local function start_child()
  vim.env.TACIT_BIN = nil
  child = vim.fn.jobstart(
    { vim.v.progpath, '--embed', '--headless', '--clean', '-u', here .. '/init.lua' },
    { rpc = true }
  )
  M.lua('package.path = ... .. "/?.lua;" .. package.path; server = require("fake_server")', here)
end

--- Opens a file with `lines`, waits for the server and enters insert mode at the end of the last line. The plugin draws
--- the ghost text itself, on every version of Neovim, unless the options say otherwise.
function M.open(lines, options)
  local file = vim.fn.tempname() .. '.py'
  vim.fn.writefile(lines, file)
  M.lua(
    [[
      local file, options = ...
      options.cmd = server.start
      require('tacit').setup(options)
      vim.cmd.edit(file)
    ]],
    file,
    vim.tbl_extend('force', { native = false }, options or {})
  )
  local attached = vim.wait(WAIT_MS, function()
    return M.lua('return vim.iter(server.received):any(function(m) return m.method == "textDocument/didOpen" end)')
  end, 10)
  assert(attached, 'the server did not attach')
  M.keys('GA')
end

--- Items that stand in for `whole`: the text from the start of the current line, whatever has been typed of it.
function M.suggest(whole)
  M.lua(
    [[
      local whole = ...
      server.insert = function(params)
        local at = params.position
        return { {
          insertText = whole,
          range = { start = { line = at.line, character = 0 }, ['end'] = at },
          command = { title = 'accepted', command = 'fake.accepted', arguments = { 7 } },
        } }
      end
    ]],
    whole
  )
end

function M.buffer_lines()
  return M.lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
end

--- The ghost text, whoever has drawn it: pieces inside the line joined by `|`, the lines below after newlines.
function M.ghost()
  return M.lua([[
    local inside, below = {}, {}
    for _, name in ipairs({ 'tacit.ghost', 'nvim.lsp.inline_completion' }) do
      local ns = vim.api.nvim_create_namespace(name)
      for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, ns, 0, -1, { details = true })) do
        local details = mark[4]
        if details.virt_text then inside[#inside + 1] = details.virt_text[1][1] end
        for _, line in ipairs(details.virt_lines or {}) do below[#below + 1] = '\n' .. line[1][1] end
      end
    end
    return table.concat(inside, '|') .. table.concat(below)
  ]])
end

function M.messages(method)
  return vim.tbl_filter(function(message)
    return message.method == method
  end, M.lua('return vim.tbl_map(function(m) return { method = m.method, params = m.params } end, server.received)'))
end

function M.equal(expected, actual)
  if not vim.deep_equal(expected, actual) then
    error(('expected %s, got %s'):format(vim.inspect(expected), vim.inspect(actual)), 2)
  end
end

--- Waits until `look()` gives `expected`.
function M.becomes(expected, look)
  local seen
  if not vim.wait(WAIT_MS, function()
    seen = look()
    return vim.deep_equal(expected, seen)
  end, 10) then
    error(('expected %s, last seen %s'):format(vim.inspect(expected), vim.inspect(seen)), 2)
  end
end

local cases = {}

---@param name string
---@param run fun()
function M.case(name, run)
  cases[#cases + 1] = { name = name, run = run }
end

--- Runs all cases and ends Neovim: with status 0 if they pass.
function M.run()
  local failed = 0
  for _, test in ipairs(cases) do
    start_child()
    local ok, message = xpcall(test.run, debug.traceback)
    vim.fn.jobstop(child)
    failed = failed + (ok and 0 or 1)
    io.stdout:write(ok and 'ok    ' or 'FAILED ', test.name, ok and '' or '\n' .. message, '\n')
  end
  io.stdout:write(('%d passed, %d failed\n'):format(#cases - failed, failed))
  os.exit(failed == 0 and 0 or 1)
end

return M
