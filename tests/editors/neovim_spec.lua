-- The Neovim plugin against a scripted server: `nvim -l tests/editors/neovim_spec.lua`.
-- Every case runs in a child Neovim of its own that is typed into as a user would.
local here = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
local WAIT_MS = 5000

local child ---@type integer

local function lua(code, ...)
  return vim.fn.rpcrequest(child, 'nvim_exec_lua', code, { ... })
end

local function keys(typed)
  vim.fn.rpcrequest(child, 'nvim_input', typed)
end

local function start_child()
  vim.env.TACIT_BIN = nil
  child = vim.fn.jobstart(
    { vim.v.progpath, '--embed', '--headless', '--clean', '-u', here .. '/init.lua' },
    { rpc = true }
  )
  lua('package.path = ... .. "/?.lua;" .. package.path; server = require("fake_server")', here)
end

--- Opens a file with `lines`, waits for the server and enters insert mode at the end of the last line.
local function open(lines, options)
  local file = vim.fn.tempname() .. '.py'
  vim.fn.writefile(lines, file)
  lua(
    [[
      local file, options = ...
      options.cmd = server.start
      require('tacit').setup(options)
      vim.cmd.edit(file)
    ]],
    file,
    options or vim.empty_dict()
  )
  local attached = vim.wait(WAIT_MS, function()
    return lua('return vim.iter(server.received):any(function(m) return m.method == "textDocument/didOpen" end)')
  end, 10)
  assert(attached, 'the server did not attach')
  keys('GA')
end

--- Items that stand in for `whole`: the text from the start of the current line, whatever has been typed of it.
local function suggest(whole)
  lua(
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

local function buffer_lines()
  return lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
end

--- The ghost text: pieces inside the line joined by `|`, the lines below after newlines.
local function ghost()
  return lua([[
    local ns = vim.api.nvim_create_namespace('tacit.ghost')
    local inside, below = {}, {}
    for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, ns, 0, -1, { details = true })) do
      local details = mark[4]
      if details.virt_text then inside[#inside + 1] = details.virt_text[1][1] end
      for _, line in ipairs(details.virt_lines or {}) do below[#below + 1] = '\n' .. line[1][1] end
    end
    return table.concat(inside, '|') .. table.concat(below)
  ]])
end

local function messages(method)
  return vim.tbl_filter(function(message)
    return message.method == method
  end, lua('return vim.tbl_map(function(m) return { method = m.method, params = m.params } end, server.received)'))
end

local function equal(expected, actual)
  if not vim.deep_equal(expected, actual) then
    error(('expected %s, got %s'):format(vim.inspect(expected), vim.inspect(actual)), 2)
  end
end

--- Waits until `look()` gives `expected`.
local function becomes(expected, look)
  local seen
  if not vim.wait(WAIT_MS, function()
    seen = look()
    return vim.deep_equal(expected, seen)
  end, 10) then
    error(('expected %s, last seen %s'):format(vim.inspect(expected), vim.inspect(seen)), 2)
  end
end

local cases = {}
local function case(name, run)
  cases[#cases + 1] = { name = name, run = run }
end

case('words are those of the w motion, with the blanks before them', function()
  local function words(text)
    return lua([[
      local text, rest, words = require('tacit.text'), ..., {}
      while rest ~= '' do
        local word = text.next_word(rest)
        words[#words + 1], rest = word, rest:sub(#word + 1)
      end
      return words
    ]], text)
  end
  equal({ 'self', '.', 'total_1', ' +=', ' amount' }, words('self.total_1 += amount'))
  equal({ ':', '\n    return', ' x' }, words(':\n    return x'))
  equal({ '"', 'héllo', ' 漢字', '"' }, words('"héllo 漢字"'))
  equal({ 'x', '  ' }, words('x  '))
end)

case('a line reaches to its end, and from an end to the end of the next', function()
  local function line(text)
    return lua('return require("tacit.text").next_line(...)', text)
  end
  equal('a + b', line('a + b\n  c'))
  equal('\n  c', line('\n  c\nd'))
  equal('\n\n  c', line('\n\n  c'))
  equal('\n', line('\n'))
end)

case('text right of the cursor is woven into the picture', function()
  local function weave(line, tail)
    local pieces = lua('return require("tacit.text").weave(...)', line, tail)
    return pieces ~= vim.NIL and pieces or nil
  end
  equal({ { at = 0, text = 'a, b' } }, weave('a, b)', ')'))
  equal({ { at = 0, text = 'a()' }, { at = 1, text = ':' } }, weave('a()):', ')'))
  equal({ { at = 0, text = 'é漢' } }, weave('é漢»', '»'))
  equal(nil, weave('x', ')'))
end)

case('tabs are drawn as blanks up to the next stop', function()
  equal('    x   y', lua('return require("tacit.text").expand_tabs(...)', '\tx\ty', 0, 4))
  equal('  x', lua('return require("tacit.text").expand_tabs(...)', '\tx', 2, 4))
end)

case('an accepted length counts UTF-16 units and the line ends that the server sent', function()
  equal(5, lua('return require("tacit.text").accepted_length(...)', 'a😀\r\nb', 'a😀\n'))
  equal(4, lua('return require("tacit.text").accepted_length(...)', 'a😀\nb', 'a😀\n'))
end)

case('ghost text appears, is not in the buffer, and Tab takes all of it', function()
  suggest('def add(a, b):\n    return a + b')
  open({ '' })
  keys('def a')
  becomes('dd(a, b):\n    return a + b', ghost)
  equal({ 'def a' }, buffer_lines())
  keys('<Tab>#')
  becomes({ 'def add(a, b):', '    return a + b#' }, buffer_lines)
  becomes('', ghost)
  equal({ 7 }, messages('workspace/executeCommand')[1].params.arguments)
  keys('<Esc>u')
  becomes({ 'def a' }, buffer_lines)
end)

case('a word, then a line, then the rest', function()
  suggest('total = price * count\nreturn total')
  open({ '' })
  keys('t')
  becomes('otal = price * count\nreturn total', ghost)
  keys('<C-Right>')
  becomes({ 'total' }, buffer_lines)
  keys('<C-Right>')
  becomes({ 'total =' }, buffer_lines)
  becomes(' price * count\nreturn total', ghost)
  local partial = messages('textDocument/didPartiallyAcceptCompletion')
  equal({ 5, 7 }, { partial[1].params.acceptedLength, partial[2].params.acceptedLength })
  keys('<C-Down>')
  becomes({ 'total = price * count' }, buffer_lines)
  equal(0, #messages('workspace/executeCommand'))
  keys('<C-Down>')
  becomes({ 'total = price * count', 'return total' }, buffer_lines)
  becomes(1, function()
    return #messages('workspace/executeCommand')
  end)
end)

case('what agrees is kept while the server thinks, what does not goes at once', function()
  suggest('return value')
  open({ '' })
  keys('ret')
  becomes('urn value', ghost)
  lua('server.hold = true')
  keys('ur')
  becomes('n value', ghost)
  keys('<BS>')
  becomes('rn value', ghost)
  keys('x')
  becomes('', ghost)
end)

case('a late answer is dropped and an overtaken request cancelled', function()
  open({ '' })
  keys('x')
  lua('server.hold = true')
  local function waiting()
    return lua('return #server.waiting')
  end
  keys('y')
  becomes(1, waiting)
  keys('<BS>')
  becomes(2, waiting)
  local cancelled = messages('$/cancelRequest')
  equal(lua('return server.waiting[1].id'), cancelled[#cancelled].params.id)
  suggest('xylophone')
  lua('server.waiting[1].answer()')
  vim.wait(100)
  equal('', ghost())
  lua('server.waiting[2].answer()')
  becomes('ylophone', ghost)
end)

case('a suggestion that is typed along is reported as shown once', function()
  suggest('return value')
  open({ '' })
  keys('r')
  becomes('eturn value', ghost)
  keys('e')
  becomes('turn value', ghost)
  equal(1, #messages('textDocument/didShowCompletion'))
end)

case('leaving insert mode takes the ghost text away', function()
  suggest('return value')
  open({ '' })
  keys('r')
  becomes('eturn value', ghost)
  keys('<Esc>')
  becomes('', ghost)
end)

case('a server that ends takes its ghost text and keys along', function()
  suggest('return value')
  open({ '' })
  keys('r')
  becomes('eturn value', ghost)
  lua('vim.lsp.get_clients({ name = "tacit" })[1]:stop(true)')
  becomes('', ghost)
  keys('<C-Right>x')
  becomes({ 'rx' }, buffer_lines)
  equal('', ghost())
  equal('', lua([[return vim.fn.maparg('<M-\\>', 'i')]]))
  equal('', lua('return vim.v.errmsg'))
end)

case('the menu and the ghost text do not fight', function()
  suggest('alpine')
  open({ 'alpha alphabet', '' })
  keys('al')
  becomes('pine', ghost)
  keys('<C-n>') -- noselect: the menu is open and nothing is selected
  becomes(1, function()
    return lua('return vim.fn.pumvisible()')
  end)
  becomes('pine', ghost)
  keys('<C-n>')
  becomes('', ghost)
  becomes({ 'alpha alphabet', 'alpha' }, buffer_lines)
  keys('<C-e>')
  becomes({ 'alpha alphabet', 'al' }, buffer_lines)
  becomes('pine', ghost)
end)

case('Tab belongs to an open menu', function()
  suggest('alpine')
  open({ 'alpha alphabet', '' })
  lua([[vim.keymap.set('i', '<Tab>', function()
    return vim.fn.pumvisible() == 1 and '<C-n>' or '<Tab>'
  end, { expr = true })]])
  keys('al')
  becomes('pine', ghost)
  keys('<C-n>')
  becomes(1, function()
    return lua('return vim.fn.pumvisible()')
  end)
  keys('<Tab>')
  becomes({ 'alpha alphabet', 'alpha' }, buffer_lines)
  keys('<Tab>')
  becomes({ 'alpha alphabet', 'alphabet' }, buffer_lines)
end)

case('without a suggestion every key does what it did before', function()
  lua([[server.insert = nil]])
  open({ '' })
  keys('a<Tab>b')
  becomes(true, function()
    return buffer_lines()[1]:match('^a%s+b$') ~= nil
  end)
  lua([[vim.keymap.set('i', '<Tab>', 'mapped', { buffer = true })]])
  suggest('xyz')
  keys('<CR>x')
  becomes('yz', ghost)
  keys('<C-]>')
  becomes('', ghost)
  keys('<Tab>')
  becomes('xmapped', function()
    return buffer_lines()[2]
  end)
end)

case('text right of the cursor that the range covers is replaced', function()
  open({ 'print()' })
  lua([[
    server.insert = function(params)
      local row, column = params.position.line, params.position.character
      return { {
        insertText = 'print("é", x)',
        range = { start = { line = row, character = 0 }, ['end'] = { line = row, character = column + 1 } },
      } }
    end
  ]])
  keys('<Left>')
  becomes('"é", x', ghost)
  keys('<Tab>!')
  becomes({ 'print("é", x)!' }, buffer_lines)
end)

for _, encoding in ipairs({ 'utf-8', 'utf-16', 'utf-32' }) do
  case('ranges are read in ' .. encoding, function()
    lua('server.encoding = ...', encoding)
    open({ 'é😀 = "' })
    lua([[
      server.insert = function(params)
        local line = vim.api.nvim_get_current_line()
        local start = vim.str_utfindex(line, server.encoding, #'é😀 = ', false)
        return { {
          insertText = '"漢字"',
          range = { start = { line = 0, character = start }, ['end'] = params.position },
        } }
      end
    ]])
    keys('漢')
    becomes('字"', ghost)
    keys('<Tab>')
    becomes({ 'é😀 = "漢字"' }, buffer_lines)
  end)
end

case('a file with CRLF line ends gets no carriage returns', function()
  suggest('if x:\r\n    y')
  open({ '' })
  lua([[vim.bo.fileformat = 'dos']])
  keys('i')
  becomes('f x:\n    y', ghost)
  keys('<C-Down><C-Down>')
  becomes({ 'if x:', '    y' }, buffer_lines)
  equal(5, messages('textDocument/didPartiallyAcceptCompletion')[1].params.acceptedLength)
end)

case('an edit above moves the suggestion along', function()
  suggest('return value')
  open({ 'import os', '' })
  keys('re')
  becomes('turn value', ghost)
  lua([[server.hold = true; vim.api.nvim_buf_set_lines(0, 0, 0, false, { '# one', '# two' })]])
  becomes('turn value', ghost)
  keys('<Tab>')
  becomes('return value', function()
    return buffer_lines()[4]
  end)
end)

case('items that cannot be used are passed over', function()
  open({ '' })
  lua([[
    server.insert = function(params)
      local at = params.position
      local far = { line = 900, character = 0 }
      return {
        { insertText = { kind = 'snippet', value = 'a$1' } },
        { insertText = 'other', range = { start = { line = at.line, character = 0 }, ['end'] = at } },
        { insertText = 'far', range = { start = far, ['end'] = far } },
        { insertText = 'good', range = { start = { line = at.line, character = 0 }, ['end'] = at } },
      }
    end
  ]])
  keys('g')
  becomes('ood', ghost)
end)

case('with auto off only the trigger key asks', function()
  suggest('return value')
  open({ '' }, { auto = false })
  keys('r')
  vim.wait(100)
  equal(0, #messages('textDocument/inlineCompletion'))
  keys([[<M-\>]])
  becomes('eturn value', ghost)
  equal(1, messages('textDocument/inlineCompletion')[1].params.context.triggerKind)
end)

case('with a debounce one request follows the last key', function()
  suggest('return value')
  open({ '' }, { debounce_ms = 150 })
  vim.wait(300)
  local before = #messages('textDocument/inlineCompletion')
  for _, key in ipairs({ 'r', 'e', 't' }) do
    keys(key)
    vim.wait(20)
  end
  becomes('urn value', ghost)
  vim.wait(300)
  equal(before + 1, #messages('textDocument/inlineCompletion'))
end)

case('a suggestion that has become longer is asked for once more', function()
  open({ 'to' })
  suggest('total')
  keys('t')
  becomes('al', ghost)
  local asked = #messages('textDocument/inlineCompletion')
  suggest('total = price * count')
  lua([[server.notify_client('tacit/longer', { uri = vim.uri_from_bufnr(0), version = 0 })]])
  becomes('al = price * count', ghost)
  equal(asked + 1, #messages('textDocument/inlineCompletion'))
end)

case('the status text follows tacit/status', function()
  open({ '' })
  equal('', lua('return require("tacit").status()'))
  lua([[server.notify_client('tacit/status', { state = 'loading', model = '', detail = 'Loading the model, 3%' })]])
  equal('tacit: loading', lua('return require("tacit").status()'))
  lua([[server.notify_client('tacit/status', { state = 'ready', model = 'qwen', detail = 'CPU' })]])
  equal('tacit: ready · qwen', lua('return require("tacit").status()'))
end)

case('a file of no known type is served, a disabled type is not', function()
  open({ '' }, { disabled_filetypes = { 'markdown' } })
  keys('<Esc>')
  local function attached(name)
    lua('vim.cmd.edit(...)', vim.fn.tempname() .. name)
    vim.wait(200)
    return lua('return #vim.lsp.get_clients({ bufnr = 0, name = "tacit" })')
  end
  equal(1, attached('-plain'))
  equal(0, attached('.md'))
end)

case('vim.lsp.enable alone gives ghost text', function()
  suggest('return value')
  lua('vim.lsp.config("tacit", { cmd = server.start }); vim.lsp.enable("tacit"); vim.cmd.edit(...)', vim.fn.tempname() .. '.py')
  becomes(1, function()
    return #messages('textDocument/didOpen')
  end)
  keys('ir')
  becomes('eturn value', ghost)
end)

case('a repository is the workspace, not the package in it', function()
  local root = vim.fn.tempname()
  vim.fn.mkdir(root .. '/.git', 'p')
  vim.fn.mkdir(root .. '/member', 'p')
  vim.fn.writefile({ '' }, root .. '/member/Cargo.toml')
  lua('require("tacit").setup({ cmd = server.start }); vim.cmd.edit(...)', root .. '/member/lib.rs')
  becomes(1, function()
    return #messages('textDocument/didOpen')
  end)
  equal(root, lua('return vim.lsp.get_clients({ name = "tacit" })[1].root_dir'))
end)

case('an unknown option is refused by name', function()
  local ok, message = unpack(lua([[return { pcall(require('tacit').setup, { debounce = 5 }) }]]))
  equal({ false, 'tacit: there is no option `debounce`' }, { ok, message })
end)

case('the editor\'s own inline completion is used where it exists', function()
  lua([[
    -- The calls of Neovim 0.12 that the plugin uses, as its documentation describes them.
    vim.lsp.inline_completion = {
      enable = function(_, filter) enabled_for = filter end,
      get = function(options)
        if not current then return false end
        local item = current
        vim.schedule(function()
          current = nil
          vim.api.nvim_buf_clear_namespace(0, native_ns, 0, -1)
          assert(options.on_accept(item) == nil)
        end)
        return true
      end,
    }
    native_ns = vim.api.nvim_create_namespace('nvim.lsp.inline_completion')
    function show_native(text)
      local row, column = unpack(vim.api.nvim_win_get_cursor(0))
      current = { client_id = vim.lsp.get_clients({ name = 'tacit' })[1].id, insert_text = text,
        range = { to_lsp = function(_, encoding)
          assert(encoding == 'utf-8')
          return { start = { line = row - 1, character = 0 }, ['end'] = { line = row - 1, character = column } }
        end } }
      vim.api.nvim_buf_set_extmark(0, native_ns, row - 1, column, { virt_text = { { 'x' } } })
      vim.api.nvim_exec_autocmds('CursorMovedI', { buffer = 0 })
    end
  ]])
  local function show()
    lua('show_native("return value")')
    becomes('tacit: accept', function()
      return lua([[return vim.fn.maparg('<Tab>', 'i', false, true).desc]])
    end)
  end
  open({ '' })
  keys('re')
  becomes({ 're' }, buffer_lines)
  show()
  keys('<C-Right>')
  becomes({ 'return' }, buffer_lines)
  show()
  keys('<C-]>')
  becomes(true, function()
    return lua('return current == nil')
  end)
  show()
  keys('<Tab>')
  becomes({ 'return value' }, buffer_lines)
end)

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
