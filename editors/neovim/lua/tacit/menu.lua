--- Whether a completion menu is open, and whether it has an item selected: Neovim's own, nvim-cmp's or blink.cmp's.
local M = {}

--- Calls a function of a plugin if that plugin is loaded and has it.
---@param plugin string
---@param name string
---@return any
local function ask(plugin, name)
  local loaded = package.loaded[plugin]
  local found = type(loaded) == 'table' and loaded[name]
  if not found then
    return nil
  end
  local ok, answer = pcall(found)
  return ok and answer or nil
end

---@return boolean
function M.visible()
  return vim.fn.pumvisible() == 1 or ask('cmp', 'visible') == true or ask('blink.cmp', 'is_menu_visible') == true
end

---@return boolean
function M.item_selected()
  if vim.fn.pumvisible() == 1 then
    return vim.fn.complete_info({ 'selected' }).selected >= 0
  end
  if ask('cmp', 'visible') then
    return ask('cmp', 'get_active_entry') ~= nil
  end
  if ask('blink.cmp', 'is_menu_visible') then
    return ask('blink.cmp', 'get_selected_item') ~= nil
  end
  return false
end

return M
