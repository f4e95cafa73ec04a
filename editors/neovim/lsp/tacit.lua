-- The server as Neovim's own LSP client knows it: `vim.lsp.enable('tacit')` is enough to start it.
-- Change any field with `vim.lsp.config('tacit', { ... })`, or the common ones through `require('tacit').setup`.

local root_markers = { '.git', '.hg', '.jj', 'Cargo.toml', 'pyproject.toml', 'package.json', 'go.mod' }

---@type vim.lsp.Config
return {
  cmd = { 'tacit', 'lsp' },
  -- No `filetypes`: tacit completes in every text file.
  root_dir = function(bufnr, on_dir)
    if require('tacit.config').allows(vim.bo[bufnr].filetype) then
      on_dir(vim.fs.root(bufnr, root_markers))
    end
  end,
  handlers = {
    ['tacit/status'] = function(_, status)
      require('tacit').on_status(status)
    end,
  },
}
