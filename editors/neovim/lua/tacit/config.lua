--- The options of `require('tacit').setup`, their defaults and their checks. Holds no other state.
local M = {}

---@alias tacit.Action 'accept'|'accept_word'|'accept_line'|'next'|'previous'|'dismiss'|'trigger'
---@alias tacit.Keys string|string[]|false a key, a list of keys, or none

---@class tacit.Options
---@field cmd string[]|fun(dispatchers: vim.lsp.rpc.Dispatchers): vim.lsp.rpc.PublicClient
---@field init_options table?
---@field auto boolean
---@field debounce_ms integer milliseconds
---@field disabled_filetypes string[]
---@field menu_items boolean
---@field native boolean
---@field keys table<tacit.Action, tacit.Keys>
local defaults = {
  --- The command that starts the server.
  cmd = { 'tacit', 'lsp' },

  --- Sent to the server as `initializationOptions`: the same keys as in `tacit.toml`.
  init_options = nil,

  --- Suggest while you type. `false`: only when the `trigger` key asks.
  auto = true,

  --- Milliseconds without a key before the server is asked. 0 is right for most: the server drops a request
  --- that a newer one overtakes, and answers most keys from its cache.
  debounce_ms = 0,

  --- File types in which tacit does not start, for example { 'gitcommit', 'markdown' }.
  disabled_filetypes = {},

  --- Also list suggestions in the completion menu. Off, because they are on the screen as ghost text already.
  menu_items = false,

  --- Use the editor's own `vim.lsp.inline_completion` where it exists (Neovim 0.12 and newer).
  native = true,

  --- Keys in insert mode. A string, a list of strings, or `false` for none. They are mapped only while a suggestion
  --- is on the screen (`trigger`: always), so every other mapping of the same key keeps working. A key pressed a moment
  --- too late does what Neovim does with it: keys with Alt would leave insert mode, these only move the cursor.
  keys = {
    accept = '<Tab>',
    accept_word = '<C-Right>',
    accept_line = '<C-Down>',
    next = false,
    previous = false,
    dismiss = '<C-]>',
    trigger = '<M-\\>',
  },
}

---@type tacit.Options
M.options = vim.deepcopy(defaults)

local types = {
  cmd = { 'table', 'function' },
  init_options = { 'table', 'nil' },
  auto = { 'boolean' },
  debounce_ms = { 'number' },
  disabled_filetypes = { 'table' },
  menu_items = { 'boolean' },
  native = { 'boolean' },
  keys = { 'table' },
}

---@param name string
---@param value any
---@param allowed string[]
local function check(name, value, allowed)
  if not vim.tbl_contains(allowed, type(value)) then
    error(('tacit: option `%s` must be a %s, not a %s'):format(name, table.concat(allowed, ' or a '), type(value)), 0)
  end
end

--- Replaces the options by the defaults with `given` laid over them. Raises an error that names an unknown or
--- ill-typed option.
---@param given table?
function M.set(given)
  given = given or {}
  for name, value in pairs(given) do
    if not types[name] then
      error(('tacit: there is no option `%s`'):format(name), 0)
    end
    check(name, value, types[name])
  end
  for action, key in pairs(given.keys or {}) do
    if defaults.keys[action] == nil then
      error(('tacit: there is no key action `%s`'):format(action), 0)
    end
    check('keys.' .. action, key, { 'string', 'table', 'boolean' })
  end
  M.options = vim.tbl_deep_extend('force', vim.deepcopy(defaults), given)
end

--- Whether tacit may start in files of this type.
---@param filetype string
---@return boolean
function M.allows(filetype)
  return not vim.list_contains(M.options.disabled_filetypes, filetype)
end

--- Whether the editor itself asks and draws. It cannot wait to be asked, so not with `auto` off.
---@return boolean
function M.uses_native()
  return M.options.native and M.options.auto and vim.lsp.inline_completion ~= nil
end

--- The keys of an action, as a list.
---@param action tacit.Action
---@return string[]
function M.keys(action)
  local key = M.options.keys[action]
  if not key then
    return {}
  end
  return type(key) == 'table' and key or { key }
end

return M
