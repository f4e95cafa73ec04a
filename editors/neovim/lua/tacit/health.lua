--- `:checkhealth tacit`
local config = require('tacit.config')

local M = {}

local function check_program(program)
  local path = vim.fn.exepath(program)
  if path == '' then
    vim.health.error(('`%s` is not an executable file in $PATH'):format(program), {
      'Install tacit, or name the program: require("tacit").setup({ cmd = { "/path/to/tacit", "lsp" } })',
    })
    return
  end
  local ran, answer = pcall(function()
    return vim.system({ path, '--version' }, { text = true, timeout = 5000 }):wait()
  end)
  if ran and answer.code == 0 then
    vim.health.ok(('%s (%s)'):format(vim.trim(answer.stdout), path))
  else
    vim.health.error(('`%s --version` does not run'):format(path))
  end
  vim.health.info(('`%s doctor` tells what this machine runs, which model, and what to mend'):format(program))
end

function M.check()
  vim.health.start('tacit')
  if vim.fn.has('nvim-0.11') == 0 then
    vim.health.error('Neovim 0.11 or newer is needed')
    return
  end
  vim.health.ok('Ghost text: ' .. (config.uses_native() and 'vim.lsp.inline_completion' or 'extmarks of this plugin'))

  local cmd = vim.lsp.config.tacit.cmd
  if type(cmd) == 'table' then
    check_program(cmd[1])
  end

  if not vim.lsp.is_enabled('tacit') then
    vim.health.warn('The server is not enabled', { 'Call require("tacit").setup(), or vim.lsp.enable("tacit")' })
  end
  local clients = vim.lsp.get_clients({ name = 'tacit' })
  if #clients == 0 then
    vim.health.info('No server is running: one starts with the first file you open')
  end
  for _, client in ipairs(clients) do
    vim.health.ok(('Server %d is attached to %d buffers'):format(client.id, vim.tbl_count(client.attached_buffers)))
  end
end

return M
