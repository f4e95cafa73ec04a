-- The server as Neovim's own LSP client knows it: `vim.lsp.enable('tacit')` is enough to start it, from Neovim 0.11 on.
-- Change any field with `vim.lsp.config('tacit', { ... })`, or the common ones through `require('tacit').setup`.

-- A repository is one workspace, however many packages it holds: the nearest package counts only outside of one.
local repository = { '.git', '.hg', '.jj' }
local package = { 'Cargo.toml', 'pyproject.toml', 'package.json', 'go.mod' }

local NOTIFY_LEVELS = {
  [vim.lsp.protocol.MessageType.Error] = vim.log.levels.ERROR,
  [vim.lsp.protocol.MessageType.Warning] = vim.log.levels.WARN,
  [vim.lsp.protocol.MessageType.Info] = vim.log.levels.INFO,
  [vim.lsp.protocol.MessageType.Log] = vim.log.levels.DEBUG,
}

---@type vim.lsp.Config
return {
  cmd = require('tacit.search').resolved({ 'tacit', 'lsp' }),
  -- No `filetypes`: tacit completes in every text file.
  root_dir = function(bufnr, on_dir)
    -- A buffer without a name has no place in a workspace, and the server could not tell two of them apart.
    local named = vim.api.nvim_buf_get_name(bufnr) ~= ''
    if named and require('tacit.config').allows(vim.bo[bufnr].filetype) then
      on_dir(vim.fs.root(bufnr, repository) or vim.fs.root(bufnr, package))
    end
  end,
  capabilities = {
    workspace = {
      workspaceEdit = {
        -- Neovim can take edits with the version that they were made for, and drops those that come too late. It only
        -- does not say so.
        documentChanges = true,
        -- By these Neovim 0.12 asks before each change, without showing it. Here `u` takes a change back.
        changeAnnotationSupport = vim.NIL,
      },
    },
    experimental = { tacit = { instructions = true, markdown = true } },
  },
  commands = {
    ['tacit.act'] = function(command, context)
      require('tacit.actions').run(command, context)
    end,
  },
  handlers = {
    -- As `vim.notify`, which many users have replaced. The messages say themselves that they are tacit's.
    ['window/showMessage'] = function(_, message)
      vim.notify(message.message, NOTIFY_LEVELS[message.type])
    end,
    ['tacit/status'] = function(_, status)
      require('tacit').on_status(status)
    end,
    ['tacit/longer'] = function(_, longer)
      require('tacit').on_longer(longer)
    end,
  },
}
