--- The server as Neovim's LSP client knows it: its settings, and the files in which it starts. From Neovim 0.11 on
--- `vim.lsp.config` and `vim.lsp.enable` hold them. On 0.10 this module does.
local M = {}

local NAME = 'tacit'

---@type vim.lsp.Config? on 0.10 only
local settings
---@type boolean on 0.10 only
local enabled = false

--- Makes the functions of a client of 0.10 callable as methods, which they became with 0.11.
---@param client vim.lsp.Client
local function give_methods(client)
  for _, name in ipairs({ 'request', 'notify', 'cancel_request', 'stop', 'is_stopped' }) do
    local plain = client[name]
    client[name] = function(first, ...)
      if first == client then
        return plain(...)
      end
      return plain(first, ...)
    end
  end
  client.exec_cmd = client._exec_cmd
end

---@return vim.lsp.Config
function M.config()
  if vim.lsp.config then
    return vim.lsp.config[NAME]
  end
  if not settings then
    settings = dofile(vim.api.nvim_get_runtime_file('lsp/tacit.lua', false)[1])
    local standard = vim.lsp.protocol.make_client_capabilities()
    settings.name = NAME
    settings.capabilities = vim.tbl_deep_extend('force', standard, settings.capabilities)
    settings.on_init = give_methods
  end
  return settings
end

--- Lays settings over those that there are.
---@param changes vim.lsp.Config
function M.configure(changes)
  if vim.lsp.config then
    vim.lsp.config(NAME, changes)
  else
    settings = vim.tbl_deep_extend('force', M.config(), changes)
  end
end

--- Starts the server in every text file, now and from now on.
function M.enable()
  if vim.lsp.enable then
    vim.lsp.enable(NAME)
    return
  end
  enabled = true
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('tacit.enable', {}),
    desc = 'tacit: start the server',
    callback = function(event)
      if vim.bo[event.buf].buftype == '' then
        M.start(event.buf)
      end
    end,
  })
  if vim.v.vim_did_enter == 1 then
    vim.cmd.doautoall('<nomodeline> tacit.enable FileType')
  end
end

---@return boolean
function M.is_enabled()
  if vim.lsp.config then
    return vim.lsp.is_enabled(NAME)
  end
  return enabled
end

--- Whether a client can serve another file. 0.10 by itself starts a client for each file outside of a workspace.
---@param client vim.lsp.Client
---@param config vim.lsp.ClientConfig
---@return boolean
local function serves(client, config)
  return client.name == config.name and client.config.root_dir == config.root_dir and not client.is_stopped()
end

--- Starts the server for one buffer, without waiting for a FileType event.
---@param bufnr integer a file
function M.start(bufnr)
  local config = vim.deepcopy(M.config())
  local options = { bufnr = bufnr, reuse_client = not vim.lsp.config and serves or nil }
  local find_root = config.root_dir
  if type(find_root) ~= 'function' then
    vim.lsp.start(config, options)
    return
  end
  find_root(bufnr, function(root)
    config.root_dir = root
    vim.lsp.start(config, options)
  end)
end

return M
