--- `:checkhealth tacit`
local config = require('tacit.config')
local pauses = require('tacit.pauses')
local program = require('tacit.program')
local server = require('tacit.server')

local M = {}

--- Calls a function of a plugin and looks a value up in what it returns. Nil if the plugin is not loaded.
---@param module string
---@param ask fun(module: table): any
---@return any
local function of_plugin(module, ask)
  local loaded = package.loaded[module]
  local ok, answer = pcall(ask, loaded or {})
  return loaded and ok and answer or nil
end

local function check_neovim()
  local version = tostring(vim.version()):gsub('%+.*', '')
  if vim.fn.has('nvim-0.10') == 0 then
    vim.health.error(('Neovim %s is too old: 0.10 or newer is needed'):format(version))
    return false
  end
  vim.health.ok('Neovim ' .. version)
  if config.uses_native() then
    vim.health.ok('Ghost text: by Neovim itself (`vim.lsp.inline_completion`)')
  elseif vim.lsp.inline_completion then
    vim.health.ok('Ghost text: by this plugin, because `native` or `auto` is off')
  else
    vim.health.ok('Ghost text: by this plugin (Neovim 0.12 has its own)')
  end
  return true
end

---@return boolean found
local function check_program()
  local name = program.name()
  if not name then
    vim.health.info('The option `cmd` is a function, so the program is not checked')
    return false
  end
  if vim.fn.executable(name) == 0 then
    vim.health.error(('`%s` is not an executable file'):format(name), {
      'Install tacit: `make install` in its repository, with ~/.local/bin in $PATH',
      'Or name the program: require("tacit").setup({ cmd = { "/path/to/tacit", "lsp" } })',
    })
    return false
  end
  local version, reason = program.wait({ '--version' })
  if not version then
    vim.health.error(('`%s --version` does not run: %s'):format(name, reason))
    return false
  end
  vim.health.ok(('%s (%s)'):format(vim.trim(version), vim.fn.exepath(name)))
  return true
end

--- The model that the server would run, as the doctor finds it.
local function check_model()
  local examined = program.decode((program.wait({ 'doctor', '--json' })))
  local model = vim.tbl_get(examined or {}, 'facts', 'model')
  if not model then
    vim.health.warn('`tacit doctor` does not run', { 'Run it in a shell' })
  elseif model.error then
    vim.health.error(model.error, { 'Download it: `:Tacit pull`, or `tacit models pull` in a shell' })
  else
    vim.health.ok(('Model: %s (%s)'):format(model.name, model.path))
  end
  vim.health.info('`:Tacit doctor` tells what this machine runs, and what to mend')
end

local function check_server()
  if not server.is_enabled() then
    vim.health.warn('The server is not enabled', { 'Call require("tacit").setup()' })
  end
  local clients = vim.lsp.get_clients({ name = 'tacit' })
  if #clients == 0 then
    vim.health.info('No server is running: one starts with the first file you open')
  end
  for _, client in ipairs(clients) do
    local buffers = vim.tbl_count(client.attached_buffers)
    vim.health.ok(('Server %d is attached to %d buffer%s'):format(client.id, buffers, buffers == 1 and '' or 's'))
  end
  local status = require('tacit').last_status()
  if status and status.state == 'failed' then
    vim.health.error('The server says: ' .. (status.detail or status.state), { 'See `:Tacit doctor`' })
  elseif status and status.state == 'missing' then
    vim.health.warn('The server has no model to run', { 'Download it: `:Tacit pull`' })
  elseif status then
    vim.health.ok(('State: %s. %s'):format(status.state, status.detail or ''))
  end
  if pauses.at(vim.api.nvim_get_current_buf()) == 'everywhere' then
    vim.health.info('Suggestions are paused: `:Tacit resume`')
  end
end

--- The completion plugin that is loaded, with the setting by which it draws ghost text of its own.
---@return { name: string, draws: boolean, setting: string }?
local function completion_plugin()
  if package.loaded['blink.cmp'] then
    local draws = of_plugin('blink.cmp.config', function(settings)
      return settings.completion.ghost_text.enabled
    end)
    return { name = 'blink.cmp', draws = draws == true, setting = 'completion.ghost_text.enabled = false' }
  elseif package.loaded.cmp then
    local draws = of_plugin('cmp', function(cmp)
      return cmp.get_config().experimental.ghost_text
    end)
    return { name = 'nvim-cmp', draws = draws ~= nil, setting = 'experimental.ghost_text = false' }
  end
end

--- Who else wants a key that tacit takes while a suggestion is on the screen.
local function check_keys()
  local plugin = completion_plugin()
  if plugin then
    vim.health.ok(('%s is loaded: while its menu is open, its keys are its own'):format(plugin.name))
    if plugin.draws then
      vim.health.warn(plugin.name .. ' draws ghost text too, at the same place', { 'Set ' .. plugin.setting })
    end
  end
  for _, action in ipairs({ 'accept', 'accept_word', 'accept_line' }) do
    for _, key in ipairs(config.keys(action)) do
      local mapping = vim.fn.maparg(key, 'i', false, true)
      local owner = mapping.desc or mapping.rhs
      -- Neovim itself maps <Tab> to jump in snippets, which tacit leaves to it.
      local is_foreign = not vim.tbl_isempty(mapping) and not vim.startswith(owner or '', 'vim.snippet')
      if is_foreign then
        vim.health.info(
          ('%s is mapped to "%s". It gets the key back whenever no suggestion is on the screen'):format(
            key,
            owner or 'a function'
          )
        )
      end
    end
  end
end

function M.check()
  vim.health.start('tacit')
  if not check_neovim() then
    return
  end
  if check_program() then
    check_model()
  end
  check_server()
  vim.health.start('tacit: keys')
  vim.health.ok('Accept: ' .. (table.concat(config.keys('accept'), ', '):gsub('^$', 'no key')))
  check_keys()
end

return M
