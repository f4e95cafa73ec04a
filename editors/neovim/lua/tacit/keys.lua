--- The keys of a buffer, mapped only while a suggestion is on the screen. What a buffer had mapped to the same keys
--- before comes back when the suggestion goes.
local config = require('tacit.config')
local menu = require('tacit.menu')

local M = {}

---@type tacit.Action[]
local ACTIONS = { 'accept', 'accept_word', 'accept_line', 'next', 'previous', 'dismiss' }

-- Keys that people use inside a completion menu. While one is open they belong to it.
local MENU_KEYS = {}
for _, key in ipairs({ '<Tab>', '<S-Tab>', '<CR>', '<Up>', '<Down>', '<C-n>', '<C-p>', '<C-y>', '<C-e>' }) do
  MENU_KEYS[vim.keycode(key)] = true
end

---@type table<integer, table<string, table|false>> per buffer, per key: the mapping that it had before, if any
local held = {}

--- Whether a key is needed by something else right now: an open menu, or the next field of a snippet.
---@param key string
---@return boolean
local function is_taken(key)
  local code = vim.keycode(key)
  if MENU_KEYS[code] and menu.visible() then
    return true
  end
  return code == '\t' and vim.snippet.active({ direction = 1 })
end

--- Gives the key back to whatever else is mapped to it, and types it again.
---@param bufnr integer
---@param key string
local function pass_on(bufnr, key)
  M.release(bufnr)
  vim.api.nvim_feedkeys(vim.keycode(key), 'mi', false)
end

---@param bufnr integer
function M.hold(bufnr)
  if held[bufnr] then
    return
  end
  held[bufnr] = {}
  vim.api.nvim_buf_call(bufnr, function()
    for _, action in ipairs(ACTIONS) do
      for _, key in ipairs(config.keys(action)) do
        local before = vim.fn.maparg(key, 'i', false, true)
        held[bufnr][key] = before.buffer == 1 and before or false
        vim.keymap.set('i', key, function()
          if is_taken(key) or not require('tacit')[action]() then
            pass_on(bufnr, key)
          end
        end, { buffer = bufnr, desc = 'tacit: ' .. action:gsub('_', ' ') })
      end
    end
  end)
end

---@param bufnr integer
function M.release(bufnr)
  local mappings = held[bufnr]
  held[bufnr] = nil
  if not mappings or not vim.api.nvim_buf_is_valid(bufnr) then
    return
  end
  vim.api.nvim_buf_call(bufnr, function()
    for key, before in pairs(mappings) do
      pcall(vim.keymap.del, 'i', key, { buffer = bufnr })
      if before then
        vim.fn.mapset('i', false, before)
      end
    end
  end)
end

--- Maps the key that asks for a suggestion. It stays mapped as long as the server is attached.
---@param bufnr integer
function M.map_trigger(bufnr)
  for _, key in ipairs(config.keys('trigger')) do
    vim.keymap.set('i', key, '<Plug>(tacit-trigger)', { buffer = bufnr, remap = true, desc = 'tacit: trigger' })
  end
end

---@param bufnr integer
function M.unmap_trigger(bufnr)
  for _, key in ipairs(config.keys('trigger')) do
    pcall(vim.keymap.del, 'i', key, { buffer = bufnr })
  end
end

return M
