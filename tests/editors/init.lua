-- A bare Neovim with the plugin of this checkout. The server is the program that TACIT_BIN names.
vim.g.loaded_python3_provider = 0 -- the Python file type plugin would search for an interpreter
vim.o.swapfile = false
vim.o.termguicolors = true
vim.o.shortmess = vim.o.shortmess .. 'I'
vim.o.completeopt = 'menuone,noselect'
local here = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h')
vim.opt.runtimepath:prepend(vim.fs.normalize(here .. '/../../editors/neovim'))
if vim.fn.has('nvim-0.11') == 0 then
  vim.keymap.set({ 'n', 'x' }, 'gra', vim.lsp.buf.code_action) -- as 0.11 itself does
end
if vim.env.TACIT_BIN then
  require('tacit').setup({ cmd = { vim.env.TACIT_BIN, 'lsp' } })
end
