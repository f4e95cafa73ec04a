-- Commands, code actions and everything else beside ghost text, against a scripted server:
-- `nvim -l tests/editors/neovim_command_spec.lua`.
local here = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
package.path = here .. '/?.lua;' .. package.path
local spec = require('spec')
local case, equal, becomes, messages = spec.case, spec.equal, spec.becomes, spec.messages
local lua, keys, open, suggest = spec.lua, spec.keys, spec.open, spec.suggest
local buffer_lines, ghost = spec.buffer_lines, spec.ghost

--- What `vim.notify` was called with last.
local function watch_messages()
  lua([[told = ''; vim.notify = function(sentence) told = sentence end]])
end

local function told()
  return lua('return told')
end

--- The server offers these actions; entries carry tickets as the real server's do.
local function offer(actions)
  lua(
    [[
      local actions = ...
      server.answers['textDocument/codeAction'] = function(params)
        return vim.tbl_map(function(action)
          local target = { range = { start = action.byte or 0, ['end'] = 3 }, kind = 'lines' }
          local offer = { action = action.name, instruction = action.instruction, target = target }
          return { title = action.title, kind = 'refactor.rewrite',
            data = { uri = params.textDocument.uri, offer = offer } }
        end, actions)
      end
      server.answers['codeAction/resolve'] = function(action)
        return action
      end
    ]],
    actions
  )
end

--- Chooses the entry of this title from Neovim's own menu, and types this where something is asked.
local function choose(title, answer)
  lua(
    [[
      local title, answer = ...
      vim.ui.select = function(items, options, on_choice)
        menu = vim.tbl_map(options.format_item, items)
        for i, entry in ipairs(menu) do
          if entry == title then return on_choice(items[i]) end
        end
        on_choice(nil)
      end
      vim.ui.input = function(options, on_confirm)
        asked = options.prompt
        on_confirm(answer)
      end
      vim.lsp.buf.code_action()
    ]],
    title,
    answer
  )
end

local function executed()
  return vim.tbl_filter(function(message)
    return message.params.command == 'tacit.act'
  end, messages('workspace/executeCommand'))
end

local function marks()
  return lua([[
    local ns = vim.api.nvim_create_namespace('tacit.progress')
    return vim.tbl_map(function(mark)
      return { mark[2], vim.trim(mark[4].virt_text[1][1]) }
    end, vim.api.nvim_buf_get_extmarks(0, ns, 0, -1, { details = true }))
  ]])
end

case('a pause hides the suggestion and asks for no more until it is resumed', function()
  suggest('return value')
  open({ '' })
  keys('r')
  becomes('eturn value', ghost)
  keys('<Cmd>Tacit pause<CR>')
  becomes('', ghost)
  equal(
    'tacit: paused',
    lua([[server.notify_client('tacit/status', { state = 'ready' })
    return require('tacit').status()]])
  )
  local asked = #messages('textDocument/inlineCompletion')
  keys('e')
  becomes({ 're' }, buffer_lines)
  vim.wait(100)
  equal(asked, #messages('textDocument/inlineCompletion'))
  equal('', ghost())
  keys('<Cmd>Tacit resume<CR>')
  becomes('turn value', ghost)
end)

case('a pause of a file type or a buffer holds only there', function()
  open({ '' })
  local function paused(name)
    lua('vim.cmd.edit(...)', vim.fn.tempname() .. name)
    return lua([[return require('tacit.pauses').in_words(0) or '']])
  end
  keys('<Esc>')
  paused('.lua')
  lua([[vim.cmd('Tacit pause filetype')]])
  equal('Paused in lua files.', paused('.lua'))
  equal('', paused('.py'))
  lua([[vim.cmd('Tacit pause buffer')]])
  equal('Paused in this buffer.', lua([[return require('tacit.pauses').in_words(vim.api.nvim_get_current_buf())]]))
  equal('', paused('.py'))
  lua([[vim.cmd('Tacit pause')]])
  equal('Paused everywhere.', paused('.lua'))
  lua([[vim.cmd('Tacit resume')]])
  equal('', paused('.lua'))
end)

case('items of a paused menu are none, and the server is not asked for them', function()
  open({ '' }, { menu_items = true })
  lua([[
    require('tacit').pause()
    vim.lsp.buf_request_all(0, 'textDocument/completion', vim.lsp.util.make_position_params(0, 'utf-16'), function(results)
      answered = vim.tbl_values(results)[1].result.items
    end)
  ]])
  becomes({}, function()
    return lua('return answered')
  end)
  equal(0, #messages('textDocument/completion'))
end)

case('the menu of code actions tells the diagnostics of every source', function()
  offer({})
  open({ 'é😀 = nme', 'x = 1' })
  watch_messages()
  lua([[
    vim.diagnostic.set(vim.api.nvim_create_namespace('linter'), 0, { {
      lnum = 0, col = 9, end_lnum = 0, end_col = 12, severity = vim.diagnostic.severity.ERROR,
      message = 'nme is not defined', source = 'linter', code = 'F821',
    } })
  ]])
  keys('<Esc>')
  choose('none')
  becomes(1, function()
    return #messages('textDocument/codeAction')
  end)
  equal({
    {
      range = { start = { line = 0, character = 6 }, ['end'] = { line = 0, character = 9 } },
      severity = 1,
      message = 'nme is not defined',
      source = 'linter',
      code = 'F821',
    },
  }, messages('textDocument/codeAction')[1].params.context.diagnostics)
end)

case('an entry that needs an instruction asks for it and sends it', function()
  offer({ { name = 'edit', instruction = '', title = 'Edit `f` as told', byte = 4 } })
  open({ 'one', 'two' })
  keys('<Esc>')
  choose('Edit `f` as told', 'use a set')
  becomes(1, function()
    return #executed()
  end)
  local offered = executed()[1].params.arguments[1].offer
  equal({ 'edit', 'use a set' }, { offered.action, offered.instruction })
  equal(true, lua('return asked:find("tacit") ~= nil'))
end)

case('no instruction, no edit', function()
  offer({ { name = 'edit', instruction = '', title = 'Edit `f` as told' } })
  open({ 'one' })
  keys('<Esc>')
  choose('Edit `f` as told', ' ')
  becomes(true, function()
    return lua('return asked ~= nil')
  end)
  vim.wait(100)
  equal(0, #executed())
end)

case('a command with a range and words edits those lines as told', function()
  offer({
    { name = 'edit', instruction = 'by comment', title = 'Edit: by comment' },
    { name = 'edit', instruction = '', title = 'Edit the selection as told' },
  })
  open({ 'one', 'é😀', 'three' })
  keys('<Esc>')
  lua([[vim.cmd('1,2Tacit edit use  a set ')]])
  becomes(1, function()
    return #executed()
  end)
  local asked = messages('textDocument/codeAction')[1].params
  equal({ start = { line = 0, character = 0 }, ['end'] = { line = 1, character = 3 } }, asked.range)
  equal('use  a set', executed()[1].params.arguments[1].offer.instruction)
end)

case('where nothing can be edited it is said', function()
  offer({ { name = 'edit', instruction = 'by comment', title = 'Edit: by comment' } })
  open({ 'one' })
  keys('<Esc>')
  watch_messages()
  lua([[vim.cmd('Tacit edit use a set')]])
  becomes('tacit: nothing to edit here. Select lines, or put the cursor into a function.', told)
end)

case('an action is marked at its code and told in the status line until it is done', function()
  offer({ { name = 'document', title = 'Document `f`', byte = 4 } })
  open({ 'one', 'two' })
  keys('<Esc>')
  lua([[server.notify_client('tacit/status', { state = 'ready' })]])
  choose('none')
  becomes(1, function()
    return #messages('textDocument/codeAction')
  end)
  lua('server.hold = true')
  choose('Document `f`')
  lua('server.waiting[1].answer()')
  becomes({ { 1, 'tacit is waiting for the model' } }, marks)
  local action = 'tacit/action/1'
  local function report(value)
    lua([[server.notify_client('$/progress', ...)]], { token = action, value = value })
  end
  report({ kind = 'begin', title = 'tacit: Document `f`', cancellable = true })
  equal('tacit: Document `f`', lua('return require("tacit").status()'))
  report({ kind = 'report', message = '12 tokens: """The sum' })
  equal({ { 1, '12 tokens: """The sum' } }, marks())
  equal('tacit: Document `f`, 12 tokens', lua('return require("tacit").status()'))
  lua([[vim.cmd('Tacit cancel')]])
  equal({ token = action }, messages('window/workDoneProgress/cancel')[1].params)
  report({ kind = 'end' })
  lua('server.waiting[2].answer()')
  becomes({}, marks)
  equal('tacit: ready', lua('return require("tacit").status()'))
end)

case('a server that ends takes its marks along', function()
  open({ 'one' })
  keys('<Esc>')
  lua([[
    local client = vim.lsp.get_clients({ name = 'tacit' })[1]
    server.hold = true
    local target = { range = { start = 0 } }
    local ticket = { uri = vim.uri_from_bufnr(0), offer = { action = 'document', target = target } }
    client:request('codeAction/resolve', { data = ticket }, function() end)
  ]])
  equal(1, #marks())
  lua('vim.lsp.get_clients({ name = "tacit" })[1]:stop(true)')
  becomes({}, marks)
end)

case('an explanation opens beside the code', function()
  offer({ { name = 'explain', title = 'Explain `f`' } })
  open({ 'one' })
  keys('<Esc>')
  lua([[server.answers['workspace/executeCommand'] = function() return { markdown = '# f\n\nIt *adds*.' } end]])
  choose('Explain `f`')
  becomes({ '# f', '', 'It *adds*.' }, function()
    return lua([[
      local shown = vim.fn.bufnr('tacit://explanation')
      return shown == -1 and {} or vim.api.nvim_buf_get_lines(shown, 0, -1, false)
    ]])
  end)
  equal({ 'one' }, buffer_lines()) -- the window of the code is still the current one
  equal(2, lua('return #vim.api.nvim_tabpage_list_wins(0)'))
end)

case('a buffer that cannot be changed is left alone', function()
  offer({
    { name = 'document', title = 'Document `f`' },
    { name = 'edit', instruction = '', title = 'Edit `f` as told' },
  })
  open({ 'one' })
  keys('<Esc>')
  watch_messages()
  lua([[
    vim.bo.modifiable = false
    server.answers['codeAction/resolve'] = function(action)
      local start = { line = 0, character = 0 }
      local edit = { range = { start = start, ['end'] = start }, newText = 'x' }
      if action.data then action.edit = { changes = { [vim.uri_from_bufnr(0)] = { edit } } } end
      return action
    end
  ]])
  for _, title in ipairs({ 'Document `f`', 'Edit `f` as told' }) do
    lua([[told = '']])
    choose(title, 'use a set')
    becomes('tacit: this buffer cannot be changed: see :help modifiable', told)
  end
  equal({ 'one' }, buffer_lines())
  equal(0, #executed())
  equal('', lua('return vim.v.errmsg'))
end)

case('an edit of another file is told', function()
  offer({ { name = 'test', title = 'Write tests for `f`' } })
  open({ 'one' })
  keys('<Esc>')
  watch_messages()
  lua(
    [[
      local path = ...
      local null = vim.fn.has('nvim-0.12') == 1 and vim.NIL or nil -- what becomes of JSON's null
      server.answers['codeAction/resolve'] = function(action)
        local start = { line = 0, character = 0 }
        action.edit = { documentChanges = { {
          textDocument = { uri = vim.uri_from_fname(path), version = null },
          edits = { { range = { start = start, ['end'] = start }, newText = 'test' } },
        } } }
        return action
      end
    ]],
    vim.fn.tempname() .. '/test_one.py'
  )
  choose('Write tests for `f`')
  becomes(true, function()
    return told():find('test_one.py, which is not saved yet', 1, true) ~= nil
  end)
end)

case('what the model was shown is readable, with any fences in it', function()
  open({ '' })
  keys('<Esc>')
  lua([[server.answers['tacit/explain'] = function()
    return {
      version = 1, shown = true, reason = 'likely', text = 'x = 1\n', prompt = '<|fim_prefix|>\n```\nx',
      metrics = { total_ms = 12.6, prompt_tokens_evaluated = 3 },
      context = { { path = 'a.py', start_line = 1, end_line = 9, tokens = 40, reason = 'defines f' } },
    }
  end]])
  lua([[vim.cmd('Tacit explain')]])
  local function shown()
    return table.concat(buffer_lines(), '\n')
  end
  becomes(true, function()
    return vim.startswith(shown(), '# What the model was shown for ')
  end)
  equal('markdown', lua('return vim.bo.filetype'))
  for _, part in ipairs({
    '**A suggestion was shown**: likely\n\n```python\nx = 1\n```',
    '- milliseconds in all: 13',
    '- `a.py:1-9`, 40 tokens: defines f',
    '````\n<|fim_prefix|>\n```\nx\n````',
  }) do
    assert(shown():find(part, 1, true), part .. ' is not in ' .. shown())
  end
  keys('q')
  becomes({ '' }, buffer_lines)
end)

case('models are listed by what this machine can do with them', function()
  local function choices(machine)
    return lua(
      [[
        local models = {
          { name = 'huge', bytes = 19e9, license = 'L', default = false },
          { name = 'small', bytes = 5e8, license = 'L', default = true, path = '/m/small.gguf' },
          { name = 'middle', bytes = 1e9, license = 'L', default = false },
          { name = 'unknown', license = 'L', default = false },
        }
        return vim.tbl_map(function(choice)
          return choice.name .. ': ' .. choice.facts
        end, require('tacit.models').choices(models, ...))
      ]],
      machine
    )
  end
  equal({
    'auto: the one that is quick on any machine',
    'small: 500 MB · about 20 tokens/s · on this machine · L · default',
    'middle: 1.0 GB · about 10 tokens/s · to download · L',
    'huge: 19.0 GB · to download · needs more memory than this machine has · L',
  }, choices({ memory = { total = 8e9 }, model = { bytes = 5e8 }, speed = { passes = { { 1, 50 }, { 2, 60 } } } }))
  equal('small: 500 MB · on this machine · L · default', choices(vim.empty_dict())[2])
end)

case('subcommands and their arguments are completed, and unknown ones refused', function()
  local function completed(line)
    return lua('return vim.fn.getcompletion(..., "cmdline")', line)
  end
  equal({ 'pause', 'pull' }, completed('Tacit p'))
  equal({ 'restart', 'resume' }, completed('Tacit re'))
  equal({ 'filetype' }, completed('Tacit pause f'))
  equal({ 'edit' }, completed("'<,'>Tacit ed"))
  watch_messages()
  lua([[vim.cmd('Tacit nothing')]])
  equal(true, vim.startswith(told(), 'tacit: there is no `:Tacit nothing`. There are: cancel, doctor, edit,'))
  lua([[vim.cmd('Tacit pause here')]])
  equal('tacit: `here` is no place to pause: everywhere, filetype or buffer.', told())
  lua([[vim.cmd('Tacit status')]])
  equal(true, vim.startswith(told(), 'tacit: No server has said anything yet'))
end)

case('a program that is not there is said', function()
  watch_messages()
  lua([[require('tacit').setup({ cmd = { 'no-such-tacit', 'lsp' } }); vim.cmd('Tacit stats')]])
  local where = '`no-such-tacit` is neither in $PATH nor in `' .. vim.fs.normalize('~/.local/bin') .. '`.'
  becomes('tacit: `tacit stats` failed. ' .. where, told)
  lua([[vim.cmd('Tacit model')]])
  becomes('tacit: the models cannot be listed. ' .. where, told)
end)

case('another model is asked for by a new server', function()
  open({ '' })
  keys('<Esc>')
  watch_messages()
  lua([[vim.cmd('Tacit model 1.5b')]])
  becomes(2, function()
    return #messages('initialize')
  end)
  equal({ model = '1.5b' }, messages('initialize')[2].params.initializationOptions)
  becomes(2, function()
    return #messages('textDocument/didOpen')
  end)
  suggest('return value')
  keys('Ar')
  becomes('eturn value', ghost)
end)

case('a missing model is downloaded by command', function()
  open({ '' })
  keys('<Esc>')
  lua([[vim.cmd('Tacit pull')]])
  becomes('tacit.pullModel', function()
    return vim.tbl_get(messages('workspace/executeCommand'), 1, 'params', 'command')
  end)
end)

case('the server learns what the client can do', function()
  open({ '' })
  local capabilities = messages('initialize')[1].params.capabilities
  equal({ instructions = true, markdown = true }, capabilities.experimental.tacit)
  local edits = capabilities.workspace.workspaceEdit
  equal({ true, vim.NIL }, { edits.documentChanges, edits.changeAnnotationSupport })
end)

case('the health check tells who else wants the key', function()
  open({ '' })
  lua([[
    package.loaded.cmp = { get_config = function() return { experimental = { ghost_text = true } } end,
      visible = function() return false end }
    vim.keymap.set('i', '<Tab>', 'x', { desc = 'my own' })
    vim.cmd('checkhealth tacit')
  ]])
  local report = table.concat(buffer_lines(), '\n')
  assert(not report:find('ERROR', 1, true), report)
  for _, part in ipairs({ 'nvim-cmp draws ghost text too', '<Tab> is mapped to "my own"', 'attached to 1 buffer' }) do
    assert(report:find(part, 1, true), report)
  end
end)

spec.run()
