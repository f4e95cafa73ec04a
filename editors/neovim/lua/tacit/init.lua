--- The plugin's public face: set-up, the actions of the keys, pauses, and the status text.
--- Chooses between the two ways to draw (`ghost`, `native`); draws nothing itself.
local config = require('tacit.config')
local pauses = require('tacit.pauses')
local progress = require('tacit.progress')
local requests = require('tacit.requests')
local search = require('tacit.search')
local server = require('tacit.server')
local text = require('tacit.text')

local M = {}

--- How long a server may take to end before it is made to.
local STOP_TIMEOUT_MS = 3000

--- What the server said last, by `tacit/status`.
---@class tacit.Status
---@field state 'stopped'|'loading'|'ready'|'missing'|'pulling'|'failed'
---@field model string? its name; empty where no model is concerned
---@field detail string? a sentence or a few words

---@type tacit.Status?
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
  server.configure({ cmd = search.resolved(config.options.cmd), init_options = config.options.init_options })
  -- Sourced at start already, unless the plugin came onto the runtime path later.
  vim.cmd.runtime('plugin/tacit.lua')
  server.enable()
end

--- Ends the running servers and starts new ones, with the settings as they are now.
function M.restart()
  local clients = vim.lsp.get_clients({ name = 'tacit' })
  local served = vim.tbl_keys(attached)
  local function is_running(client)
    return not client:is_stopped()
  end
  for _, client in ipairs(clients) do
    client:stop()
  end
  vim.wait(STOP_TIMEOUT_MS, function()
    return not vim.iter(clients):any(is_running)
  end, 20)
  for _, client in ipairs(vim.tbl_filter(is_running, clients)) do
    client:stop(true)
  end
  for _, bufnr in ipairs(served) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      server.start(bufnr)
    end
  end
end

--- Makes the server use another model until Neovim ends.
---@param name string from `tacit models list`, or `auto`
function M.use_model(name)
  server.configure({ init_options = { model = name } })
  M.restart()
end

--- Shows the suggestions of `client` in a buffer. Called on LspAttach.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  requests.intercept(client)
  if not config.options.menu_items then
    client.server_capabilities.completionProvider = nil
  end
  local function define_highlight()
    local dimmed = vim.fn.hlexists('ComplHint') == 1 and 'ComplHint' or 'Comment'
    vim.api.nvim_set_hl(0, 'TacitGhost', { link = dimmed, default = true })
    vim.api.nvim_set_hl(0, 'TacitProgress', { link = 'DiagnosticVirtualTextInfo', default = true })
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
  if not vim.tbl_contains(attached, client_id) then
    progress.forget(client_id)
  end
  if vim.tbl_isempty(attached) then
    last_status = nil
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

--- Shows the next suggestion, if the server gave several for this place.
---@return boolean
function M.next()
  return drawer().select(1)
end

--- Shows the suggestion before.
---@return boolean
function M.previous()
  return drawer().select(-1)
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

--- Shows no suggestions until they are resumed, or until Neovim ends. Actions go on.
---@param scope tacit.PauseScope? `everywhere` if left out, `filetype` of the current buffer, or this `buffer`
function M.pause(scope)
  pauses.add(scope or 'everywhere', vim.api.nvim_get_current_buf())
  M.dismiss()
  vim.cmd.redrawstatus({ bang = true })
end

--- Shows suggestions again in the current buffer, whatever has paused them.
function M.resume()
  pauses.resume(vim.api.nvim_get_current_buf())
  M.trigger()
  vim.cmd.redrawstatus({ bang = true })
end

--- What the server said last of itself. Nil while none has.
---@return tacit.Status?
function M.last_status()
  return last_status
end

--- A short text for a status line: `tacit: loading`, `tacit: ready · qwen2.5-coder-1.5b`, `tacit: paused`, or what is
--- being done: `tacit: Document `total`, 12 tokens`. Empty while no server has reported. The server's sentence about it
--- is in the data of the event `TacitStatus`. Holds no `%`: plugins put it into 'statusline' as it is, where `%{...}` runs
--- what it quotes of a compiler's message.
---@return string
function M.status()
  if not last_status then
    return ''
  end
  local working = progress.in_words()
  if working then
    return text.for_statusline(working)
  elseif pauses.at(vim.api.nvim_get_current_buf()) then
    return 'tacit: paused'
  end
  local model = last_status.model or ''
  return text.for_statusline('tacit: ' .. last_status.state .. (model ~= '' and ' · ' .. model or ''))
end

--- Receives the server's `tacit/status`; tells others by the user event `TacitStatus`.
---@param status tacit.Status
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
