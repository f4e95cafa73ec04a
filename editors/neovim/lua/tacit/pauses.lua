--- Where suggestions are paused: everywhere, in file types, in buffers. Until resumed, or until Neovim ends.
local M = {}

---@alias tacit.PauseScope 'everywhere'|'filetype'|'buffer'

---@type tacit.PauseScope[] the widest first
M.SCOPES = { 'everywhere', 'filetype', 'buffer' }

local everywhere = false
local filetypes = {} ---@type table<string, true?>
local buffers = {} ---@type table<integer, true?>

---@param scope tacit.PauseScope
---@param bufnr integer whose file type, or which itself
function M.add(scope, bufnr)
  if scope == 'everywhere' then
    everywhere = true
  elseif scope == 'filetype' then
    filetypes[vim.bo[bufnr].filetype] = true
  else
    buffers[bufnr] = true
  end
end

--- The widest pause that holds in a buffer.
---@param bufnr integer
---@return tacit.PauseScope?
function M.at(bufnr)
  if everywhere then
    return 'everywhere'
  end
  if not vim.api.nvim_buf_is_valid(bufnr) then
    return nil
  end
  if filetypes[vim.bo[bufnr].filetype] then
    return 'filetype'
  end
  return buffers[bufnr] and 'buffer' or nil
end

--- Ends every pause that holds in a buffer.
---@param bufnr integer
function M.resume(bufnr)
  everywhere = false
  filetypes[vim.bo[bufnr].filetype] = nil
  buffers[bufnr] = nil
end

--- What holds in a buffer, as a sentence. Nil if nothing is paused there.
---@param bufnr integer
---@return string?
function M.in_words(bufnr)
  local scope = M.at(bufnr)
  if scope == 'everywhere' then
    return 'Paused everywhere.'
  elseif scope == 'filetype' then
    local filetype = vim.bo[bufnr].filetype
    return filetype == '' and 'Paused in files without a type.' or ('Paused in %s files.'):format(filetype)
  elseif scope == 'buffer' then
    return 'Paused in this buffer.'
  end
end

return M
