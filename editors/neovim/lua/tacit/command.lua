--- `:Tacit` and its subcommands.
local actions = require('tacit.actions')
local explanation = require('tacit.explanation')
local models = require('tacit.models')
local pauses = require('tacit.pauses')
local program = require('tacit.program')
local progress = require('tacit.progress')
local report = require('tacit.report')
local server = require('tacit.server')

local M = {}

--- What a subcommand gets.
---@class tacit.CommandCall
---@field words string the arguments behind its name
---@field first integer? the range, if one was given
---@field last integer?

---@class tacit.Subcommand
---@field run fun(call: tacit.CommandCall)
---@field arguments? fun(): string[] what its argument may be

---@param sentence string
---@param level integer?
local function tell(sentence, level)
  vim.notify('tacit: ' .. sentence, level or vim.log.levels.INFO)
end

--- The server of the current buffer; without one the user is told.
---@return vim.lsp.Client?
local function attached_client()
  local client = vim.lsp.get_clients({ bufnr = 0, name = 'tacit' })[1]
  if not client then
    tell('no server is attached to this buffer. :checkhealth tacit may say why.', vim.log.levels.WARN)
  end
  return client
end

local function show_status()
  local status = require('tacit').last_status()
  local parts = {}
  if not status then
    parts[1] = 'No server has said anything yet; one starts with the first file you open.'
  else
    local model = status.model or ''
    local detail = status.detail or ''
    parts[1] = status.state .. (model ~= '' and ', ' .. model or '') .. (detail ~= '' and ' (' .. detail .. ')' or '')
  end
  parts[2] = progress.in_words()
  parts[#parts + 1] = pauses.in_words(vim.api.nvim_get_current_buf())
  tell(table.concat(parts, '\n'))
end

---@param call tacit.CommandCall
local function pause(call)
  local scope = call.words == '' and 'everywhere' or call.words
  if not vim.list_contains(pauses.SCOPES, scope) then
    tell(('`%s` is no place to pause: everywhere, filetype or buffer.'):format(scope), vim.log.levels.ERROR)
    return
  end
  require('tacit').pause(scope)
  tell(pauses.in_words(vim.api.nvim_get_current_buf()) .. ' :Tacit resume ends that.')
end

local function resume()
  require('tacit').resume()
  tell('suggestions are shown in this buffer.')
end

---@param name string
local function use_model(name)
  require('tacit').use_model(name)
  vim.cmd.redraw() -- takes the list off the screen that the model was chosen from
  tell(('%s until Neovim ends; init_options.model keeps it'):format(name))
end

--- The models to choose from, once the program has told of them and of the machine.
---@param on_done fun(choices: tacit.ModelChoice[])
local function with_choices(on_done)
  program.run({ 'models', 'list', '--json' }, function(listed, reason)
    local known = program.decode(listed)
    if not known then
      tell('the models cannot be listed. ' .. (reason or ''), vim.log.levels.ERROR)
      return
    end
    -- A doctor that finds something wrong still tells of the machine; without him only the speeds are missing.
    program.run({ 'doctor', '--json' }, function(examined)
      on_done(models.choices(known.models, (program.decode(examined) or {}).facts or {}))
    end)
  end)
end

---@param call tacit.CommandCall
local function choose_model(call)
  if call.words ~= '' then
    use_model(call.words)
    return
  end
  local status = require('tacit').last_status()
  local current = status and status.model
  with_choices(function(choices)
    local options = {
      prompt = 'Model for tacit (larger ones know more and are slower; speeds are estimates):',
      format_item = function(choice)
        return ('%s %s  %s'):format(choice.name == current and '*' or ' ', choice.name, choice.facts)
      end,
    }
    vim.ui.select(choices, options, function(choice)
      if choice then
        use_model(choice.name)
      end
    end)
  end)
end

---@return string[]
local function model_names()
  local known = program.decode((program.wait({ 'models', 'list', '--json' })))
  local names = vim.tbl_map(function(choice)
    return choice.name
  end, models.choices(known and known.models or {}, {}))
  return names
end

local function pull()
  local client = attached_client()
  if client then
    client:exec_cmd({ title = 'Download the model', command = 'tacit.pullModel' })
  end
end

local function explain()
  local client, bufnr = attached_client(), vim.api.nvim_get_current_buf()
  if not client then
    return
  end
  local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ':t')
  local params = { textDocument = vim.lsp.util.make_text_document_params(bufnr) }
  client:request('tacit/explain', params, function(err, answer)
    if err then
      tell(err.message, vim.log.levels.ERROR)
      return
    end
    local text = explanation.text(name, vim.bo[bufnr].filetype, answer)
    report.show('explain', text, { filetype = 'markdown', focus = true })
  end, bufnr)
end

--- Shows what the program prints.
---@param arguments string[]
---@param ending string? put behind it
local function show_output(arguments, ending)
  program.run(arguments, function(output, reason)
    if output then
      report.show(arguments[1], output .. (ending or ''), { focus = true })
    else
      tell(('`tacit %s` failed. %s'):format(arguments[1], reason), vim.log.levels.ERROR)
    end
  end)
end

local function show_doctor()
  local given = server.config().init_options
  local ending = given and '\nNeovim tells the server beside that configuration:\n' .. vim.inspect(given)
  show_output({ 'doctor' }, ending)
end

---@param call tacit.CommandCall
local function edit(call)
  local client = attached_client()
  if client then
    actions.edit(client, vim.api.nvim_get_current_buf(), call.first, call.last, call.words)
  end
end

local function cancel()
  if progress.cancel() == 0 then
    tell('nothing is going on that could be cancelled.')
  end
end

---@type table<string, tacit.Subcommand>
local subcommands = {
  status = { run = show_status },
  pause = {
    run = pause,
    arguments = function()
      return pauses.SCOPES
    end,
  },
  resume = { run = resume },
  model = { run = choose_model, arguments = model_names },
  pull = { run = pull },
  explain = { run = explain },
  stats = {
    run = function()
      show_output({ 'stats' })
    end,
  },
  doctor = { run = show_doctor },
  edit = { run = edit },
  cancel = { run = cancel },
  restart = {
    run = function()
      require('tacit').restart()
    end,
  },
}

--- Runs `:Tacit NAME WORDS`; without a name, `status`.
---@param given vim.api.keyset.create_user_command.command_args
function M.run(given)
  local name, words = given.args:match('^(%S*)%s*(.-)%s*$')
  local subcommand = subcommands[name == '' and 'status' or name]
  if not subcommand then
    local names = vim.tbl_keys(subcommands)
    table.sort(names)
    tell(('there is no `:Tacit %s`. There are: %s.'):format(name, table.concat(names, ', ')), vim.log.levels.ERROR)
    return
  end
  local has_range = given.range > 0
  subcommand.run({ words = words, first = has_range and given.line1 or nil, last = has_range and given.line2 or nil })
end

--- The names of subcommands, or the arguments of the one that is there.
---@param lead string what has been typed of the word
---@param line string the command line up to the cursor
---@return string[]
function M.complete(lead, line)
  local name = line:match('Tacit!?%s+(%S+)%s')
  local candidates = {}
  if not name then
    candidates = vim.tbl_keys(subcommands)
    table.sort(candidates)
  elseif subcommands[name] and subcommands[name].arguments then
    candidates = subcommands[name].arguments()
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

return M
