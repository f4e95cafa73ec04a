-- Ghost text and keys against a scripted server: `nvim -l tests/editors/neovim_spec.lua`.
local here = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
package.path = here .. '/?.lua;' .. package.path
local spec = require('spec')
local case, equal, becomes, messages = spec.case, spec.equal, spec.becomes, spec.messages
local lua, keys, open, suggest = spec.lua, spec.keys, spec.open, spec.suggest
local buffer_lines, ghost = spec.buffer_lines, spec.ghost

case('words are those of the w motion, with the blanks before them', function()
  local function words(text)
    return lua(
      [[
      local text, rest, words = require('tacit.text'), ..., {}
      while rest ~= '' do
        local word = text.next_word(rest)
        words[#words + 1], rest = word, rest:sub(#word + 1)
      end
      return words
    ]],
      text
    )
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

case('a late answer does not bring back what was dismissed', function()
  suggest('return value')
  open({ '' })
  keys('r')
  becomes('eturn value', ghost)
  lua('server.hold = true')
  keys('e')
  becomes(1, function()
    return lua('return #server.waiting')
  end)
  keys('<C-]>')
  becomes('', ghost)
  lua('server.waiting[1].answer()')
  vim.wait(100)
  equal('', ghost())
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

case('one mapping of Tab can serve the menu, the suggestion and the indent', function()
  suggest('alpine')
  open({ 'alpha alphabet', '' }, { keys = { accept = false } })
  -- The mapping that the guide shows.
  lua([[vim.keymap.set('i', '<Tab>', function()
    if vim.fn.pumvisible() == 1 then return '<C-n>' end
    if require('tacit').visible() then return '<Plug>(tacit-accept)' end
    return '<Tab>'
  end, { expr = true, remap = true })]])
  keys('al')
  becomes('pine', ghost)
  keys('<C-n>')
  becomes(1, function()
    return lua('return vim.fn.pumvisible()')
  end)
  keys('<Tab>')
  becomes({ 'alpha alphabet', 'alpha' }, buffer_lines)
  keys('<C-e>')
  becomes('pine', ghost)
  keys('<Tab>')
  becomes({ 'alpha alphabet', 'alpine' }, buffer_lines)
  lua('server.insert = nil')
  keys('<CR><Tab>b')
  becomes(true, function()
    return buffer_lines()[3]:match('^%s+b$') ~= nil
  end)
end)

case('the next and the previous suggestion are shown by keys that one chooses', function()
  open({ '' }, { keys = { next = '<C-j>', previous = '<C-k>' } })
  lua([[
    server.insert = function(params)
      local range = { start = { line = params.position.line, character = 0 }, ['end'] = params.position }
      return vim.tbl_map(function(text)
        return { insertText = text, range = range }
      end, { 'red', 'other', 'render()', 'return' })
    end
  ]])
  keys('r')
  becomes('ed', ghost)
  lua('server.hold = true')
  keys('e')
  becomes('d', ghost)
  keys('<C-j>')
  becomes('nder()', ghost)
  keys('<C-j>')
  becomes('turn', ghost)
  keys('<C-j>')
  becomes('d', ghost)
  keys('<C-k>')
  becomes('turn', ghost)
  keys('<Tab>')
  becomes({ 'return' }, buffer_lines)
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

--- The server answers with a whole line that takes the place of the bracket right of the cursor, too.
local function suggest_over_the_bracket()
  lua([[
    server.insert = function(params)
      local row, column = params.position.line, params.position.character
      return { {
        insertText = 'print("é", x)',
        range = { start = { line = row, character = 0 }, ['end'] = { line = row, character = column + 1 } },
      } }
    end
  ]])
end

case('text right of the cursor that the range covers is replaced', function()
  open({ 'print()' })
  suggest_over_the_bracket()
  keys('<Left>')
  becomes('"é", x', ghost)
  keys('<Tab>!')
  becomes({ 'print("é", x)!' }, buffer_lines)
end)

for encoding, start in pairs({ ['utf-8'] = 9, ['utf-16'] = 6, ['utf-32'] = 5 }) do
  case('ranges are read in ' .. encoding, function()
    lua('server.encoding = ...', encoding)
    open({ 'é😀 = "' })
    lua(
      [[
        local start = ...
        server.insert = function(params)
          return { {
            insertText = '"漢字"',
            range = { start = { line = 0, character = start }, ['end'] = params.position },
          } }
        end
      ]],
      start
    )
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

case('files that were open before are served', function()
  lua('vim.cmd.edit(...)', vim.fn.tempname() .. '.py')
  lua('vim.cmd.split(...)', vim.fn.tempname() .. '.lua')
  lua('require("tacit").setup({ cmd = server.start })')
  becomes(2, function()
    return #messages('textDocument/didOpen')
  end)
  equal(1, #messages('initialize'))
end)

-- 0.10 has no `vim.lsp.enable`.
if vim.fn.has('nvim-0.11') == 1 then
  case('vim.lsp.enable alone gives ghost text', function()
    suggest('return value')
    lua(
      'vim.lsp.config("tacit", { cmd = server.start }); vim.lsp.enable("tacit"); vim.cmd.edit(...)',
      vim.fn.tempname() .. '.py'
    )
    becomes(1, function()
      return #messages('textDocument/didOpen')
    end)
    keys('ir')
    becomes('eturn value', ghost)
  end)
end

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

--- Waits until the editor follows what is typed, which it does only after the client was attached.
local function wait_for_native()
  becomes(true, function()
    return lua([[
      local group = 'nvim.lsp.inline_completion:' .. vim.api.nvim_get_current_buf()
      local exists, autocmds = pcall(vim.api.nvim_get_autocmds, { group = group })
      return exists and #autocmds > 0
    ]])
  end)
end

--- As `open`, with the editor's own inline completion: the real one from Neovim 0.12 on.
local function open_native(lines, options)
  lua([[
    vim.lsp.inline_completion = vim.lsp.inline_completion or require('inline_completion')
    server.encoding = 'utf-8'
  ]])
  open(lines, vim.tbl_extend('force', { native = true }, options or {}))
  wait_for_native()
end

--- Whether the user asked for the last suggestion, and not the editor by itself.
local function was_invoked()
  local asked = messages('textDocument/inlineCompletion')
  return asked[#asked].params.context.triggerKind == 1
end

--- Who has <Tab> in insert mode.
local function tab()
  return lua([[return vim.fn.maparg('<Tab>', 'i', false, true).desc or '']])
end

case('native: the editor draws, and a word, a line and the rest can be taken', function()
  suggest('total = price * count\nreturn total')
  open_native({ '' })
  keys('t')
  becomes('otal = price * count\nreturn total', ghost)
  becomes('tacit: accept', tab)
  equal(0, lua([[return #vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace('tacit.ghost'), 0, -1, {})]]))
  keys('<C-Right>')
  becomes({ 'total' }, buffer_lines)
  becomes(' = price * count\nreturn total', ghost)
  equal(5, messages('textDocument/didPartiallyAcceptCompletion')[1].params.acceptedLength)
  becomes('tacit: accept', tab)
  keys('<C-Down>')
  becomes({ 'total = price * count' }, buffer_lines)
  equal(0, #messages('workspace/executeCommand'))
end)

case('native: Tab takes all of it, tells the server, and one undo takes it back', function()
  suggest('return value')
  open_native({ '' })
  keys('re')
  becomes('turn value', ghost)
  becomes('tacit: accept', tab)
  keys('<Tab>')
  becomes({ 'return value' }, buffer_lines)
  becomes(1, function()
    return #messages('workspace/executeCommand')
  end)
  equal({ 7 }, messages('workspace/executeCommand')[1].params.arguments)
  keys('<Esc>u')
  becomes({ 're' }, buffer_lines)
end)

case('native: dismissed, it gives the keys back, and comes again when asked for', function()
  suggest('return value')
  open_native({ '' })
  lua([[vim.keymap.set('i', '<Tab>', 'mapped', { buffer = true, desc = 'mine' })]])
  keys('r')
  becomes('eturn value', ghost)
  becomes('tacit: accept', tab)
  keys('<C-]>')
  becomes('', ghost)
  becomes('mine', tab)
  equal(false, was_invoked())
  keys([[<M-\>]])
  becomes('eturn value', ghost)
  equal(true, was_invoked())
end)

case('native: text right of the cursor is replaced, however much was typed since', function()
  open_native({ 'print()' })
  suggest_over_the_bracket()
  keys('<Left>')
  becomes('"é", x)', ghost)
  becomes('tacit: accept', tab)
  lua('server.hold = true')
  keys('"é')
  becomes('", x)', ghost)
  keys('<Tab>')
  becomes({ 'print("é", x)' }, buffer_lines)
end)

case('native: another suggestion is shown by a key', function()
  open_native({ '' }, { keys = { next = '<C-j>' } })
  lua([[
    server.insert = function(params)
      local range = { start = { line = params.position.line, character = 0 }, ['end'] = params.position }
      return { { insertText = 'red', range = range }, { insertText = 'return', range = range } }
    end
  ]])
  keys('re')
  becomes('d', ghost)
  becomes('tacit: accept', tab)
  keys('<C-j>')
  becomes('turn', ghost)
  keys('<Tab>')
  becomes({ 'return' }, buffer_lines)
end)

case('native: it makes room for a selected item of the menu and comes back', function()
  suggest('alpine')
  open_native({ 'alpha alphabet', '' })
  keys('al')
  becomes('pine', ghost)
  keys('<C-n><C-n>')
  becomes({ 'alpha alphabet', 'alpha' }, buffer_lines)
  becomes('', ghost)
  vim.wait(400) -- longer than the editor waits before it asks
  becomes('', ghost)
  keys('<C-e>')
  becomes({ 'alpha alphabet', 'al' }, buffer_lines)
  becomes('pine', ghost)
  equal(true, was_invoked()) -- else a server that takes it for refused would not give it again
end)

case('native: a suggestion that has become longer is asked for once more', function()
  suggest('total')
  open_native({ 'to' })
  keys('t')
  becomes('al', ghost)
  suggest('total = price * count')
  lua([[server.notify_client('tacit/longer', { uri = vim.uri_from_bufnr(0), version = 0 })]])
  becomes('al = price * count', ghost)
end)

case('native: a pause hides it until it is resumed', function()
  suggest('return value')
  open_native({ '' })
  keys('r')
  becomes('eturn value', ghost)
  keys('<Cmd>Tacit pause<CR>')
  becomes('', ghost)
  local asked = #messages('textDocument/inlineCompletion')
  keys('e')
  vim.wait(400)
  equal({ '', asked }, { ghost(), #messages('textDocument/inlineCompletion') })
  keys('<Cmd>Tacit resume<CR>')
  becomes('turn value', ghost)
end)

case('native: every buffer and every new server has it', function()
  suggest('return value')
  open_native({ '' })
  keys('<Esc>')
  lua('vim.cmd.edit(...)', vim.fn.tempname() .. '.py')
  becomes(2, function()
    return #messages('textDocument/didOpen')
  end)
  wait_for_native()
  keys('ir')
  becomes('eturn value', ghost)
  keys('<Esc>')
  becomes('', ghost)
  lua([[vim.cmd('Tacit restart')]])
  becomes(4, function()
    return #messages('textDocument/didOpen')
  end)
  wait_for_native()
  keys('Ae')
  becomes('turn value', ghost)
  keys('<Tab>')
  becomes({ 'return value' }, buffer_lines)
  equal('', lua('return vim.v.errmsg'))
end)

spec.run()
