--- The plugin's public face: set-up, the five actions, and the status text.
--- Chooses between the two ways to draw (`ghost`, `native`); draws nothing itself.
local config = require('tacit.config')

local M = {}

---@type { state: string, model: string?, detail: string? }?
local last_status

---@type table<integer, integer> per buffer: the id of the client whose suggestions it shows
local attached = {}

local function drawer()
  return require(config.uses_native() and 'tacit.native' or 'tacit.ghost')
end

--- Sets options (see `tacit.config` for all of them) and starts the server in every text file.
---@param options table?
function M.setup(options)
  config.set(options)
  vim.lsp.config('tacit', { cmd = config.options.cmd, init_options = config.options.init_options })
  -- Sourced at start already, unless the plugin came onto the runtime path later.
  vim.cmd.runtime('plugin/tacit.lua')
  vim.lsp.enable('tacit')
end

--- Starts the server for one buffer, without waiting for a FileType event.
---@param bufnr integer
function M.start(bufnr)
  local server = vim.deepcopy(vim.lsp.config.tacit)
  local find_root = server.root_dir
  if type(find_root) ~= 'function' then
    vim.lsp.start(server, { bufnr = bufnr })
    return
  end
  find_root(bufnr, function(root)
    server.root_dir = root
    vim.lsp.start(server, { bufnr = bufnr })
  end)
end

--- Shows the suggestions of `client` in a buffer. Called on LspAttach.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  if not config.options.menu_items then
    client.server_capabilities.completionProvider = nil
  end
  local function define_highlight()
    local dimmed = vim.fn.hlexists('ComplHint') == 1 and 'ComplHint' or 'Comment'
    vim.api.nvim_set_hl(0, 'TacitGhost', { link = dimmed, default = true })
  end
  define_highlight()
  vim.api.nvim_create_autocmd('ColorScheme', {
    group = vim.api.nvim_create_augroup('tacit.highlight', {}),
    callback = define_highlight,
  })
  attached[bufnr] = client.id
  drawer().attach(client, bufnr)
end

--- Takes everything of a client out of a buffer again. Does nothing for a client of another server.
---@param client_id integer it may be gone already
---@param bufnr integer
function M.detach(client_id, bufnr)
  if attached[bufnr] == client_id then
    attached[bufnr] = nil
    drawer().detach(bufnr)
  end
end

--- Takes the whole suggestion. Like all actions: false if there was none to act on.
---@return boolean
function M.accept()
  return drawer().accept('all')
end

--- Takes the next word of the suggestion.
---@return boolean
function M.accept_word()
  return drawer().accept('word')
end

--- Takes the suggestion up to the end of its next line.
---@return boolean
function M.accept_line()
  return drawer().accept('line')
end

--- Hides the suggestion until the text changes.
---@return boolean
function M.dismiss()
  return drawer().dismiss()
end

--- Asks for a suggestion now.
---@return boolean
function M.trigger()
  return drawer().trigger()
end

--- Whether a suggestion is on the screen of the current buffer.
---@return boolean
function M.visible()
  return drawer().visible()
end

--- A short text for a status line: `tacit: loading`, `tacit: ready · qwen2.5-coder-1.5b`. Empty while no server has
--- reported. The server's sentence about it is in the data of the event `TacitStatus`.
---@return string
function M.status()
  if not last_status then
    return ''
  end
  local model = last_status.model or ''
  return 'tacit: ' .. last_status.state .. (model ~= '' and ' · ' .. model or '')
end

--- Receives the server's `tacit/status`; tells others by the user event `TacitStatus`.
---@param status table
function M.on_status(status)
  last_status = status
  vim.api.nvim_exec_autocmds('User', { pattern = 'TacitStatus', modeline = false, data = status })
  vim.cmd.redrawstatus({ bang = true })
end

--- Receives the server's `tacit/longer`: a suggestion was answered before it was whole, and is whole now.
---@param longer { uri: string, version: integer }
function M.on_longer(longer)
  drawer().ask_again(vim.uri_to_bufnr(longer.uri))
end

return M
