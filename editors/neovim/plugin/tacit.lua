-- Loaded by Neovim at start. Costs nothing until the tacit server attaches to a buffer.

if vim.g.loaded_tacit then
  return
end
vim.g.loaded_tacit = true

if vim.fn.has('nvim-0.10') == 0 then
  vim.notify('tacit needs Neovim 0.10 or newer.', vim.log.levels.WARN)
  return
end

local group = vim.api.nvim_create_augroup('tacit', {})

vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  desc = 'tacit: show suggestions in this buffer',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'tacit' then
      require('tacit').attach(client, event.buf)
    end
  end,
})

vim.api.nvim_create_autocmd('LspDetach', {
  group = group,
  desc = 'tacit: stop showing suggestions in this buffer',
  callback = function(event)
    require('tacit').detach(event.data.client_id, event.buf)
  end,
})

vim.api.nvim_create_autocmd('LspProgress', {
  group = group,
  desc = 'tacit: show what the server is doing',
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'tacit' then
      require('tacit.progress').receive(client.id, event.data.params)
    end
  end,
})

vim.api.nvim_create_user_command('Tacit', function(given)
  require('tacit.command').run(given)
end, {
  desc = 'tacit: status, pause, resume, model, pull, explain, stats, doctor, edit, cancel, restart',
  nargs = '*',
  range = true,
  complete = function(lead, line, cursor)
    return require('tacit.command').complete(lead, line:sub(1, cursor))
  end,
})

-- The server starts on the FileType event, which a file of no known type never gets.
vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile' }, {
  group = group,
  desc = 'tacit: attach to files of no known type',
  callback = function(event)
    vim.schedule(function()
      local bufnr = event.buf
      local plain = vim.api.nvim_buf_is_loaded(bufnr) and vim.bo[bufnr].filetype == '' and vim.bo[bufnr].buftype == ''
      if plain and require('tacit.server').is_enabled() then
        require('tacit.server').start(bufnr)
      end
    end)
  end,
})

for name, action in pairs({
  ['<Plug>(tacit-accept)'] = 'accept',
  ['<Plug>(tacit-accept-word)'] = 'accept_word',
  ['<Plug>(tacit-accept-line)'] = 'accept_line',
  ['<Plug>(tacit-next)'] = 'next',
  ['<Plug>(tacit-previous)'] = 'previous',
  ['<Plug>(tacit-dismiss)'] = 'dismiss',
  ['<Plug>(tacit-trigger)'] = 'trigger',
}) do
  vim.keymap.set('i', name, function()
    require('tacit')[action]()
  end, { desc = 'tacit: ' .. action:gsub('_', ' ') })
end
