--- Where the program `tacit` is. A repository may hold a program of that name, and Neovim's working folder is often one: so the plugin looks
--- through $PATH itself, and passes over what is relative there (on Windows also the working folder, which the system would search first)
--- and what lies in the working folder. Starts nothing.
local M = {}

local uv = vim.uv or vim.loop
local is_windows = vim.fn.has('win32') == 1
local SEPARATOR = is_windows and ';' or ':'
local SUFFIX = is_windows and '.exe' or ''

--- Where `make install` puts programs. What $PATH does not have is looked for there: never by its name alone, which Neovim would look up for
--- itself.
local USUAL_FOLDER = vim.fs.normalize('~/.local/bin')

---@param path string
---@return string the same without links, as far as it exists
local function real(path)
  return vim.fs.normalize(uv.fs_realpath(path) or path)
end

---@param path string
---@param folder string
---@return boolean
local function lies_in(path, folder)
  folder = folder:gsub('/$', '')
  return path == folder or vim.startswith(path, folder .. '/')
end

---@param path string
---@return boolean
local function is_absolute(path)
  return vim.startswith(path, '/') or (is_windows and path:match('^%a:[\\/]') ~= nil)
end

--- Whether a program there may be the working folder's. Who works in his home folder, or above it, has his own programs in there too: that
--- says nothing.
---@param program string
---@return boolean
local function is_from_here(program)
  local here = real(vim.fn.getcwd())
  return lies_in(real(program), here) and not lies_in(real(vim.fs.normalize('~')), here)
end

---@param name string
---@return string? path absolute
local function find(name)
  for _, folder in ipairs(vim.split(vim.env.PATH or '', SEPARATOR, { plain = true })) do
    local program = ('%s/%s%s'):format(folder, name, SUFFIX)
    if is_absolute(folder) and vim.fn.executable(program) == 1 and not is_from_here(program) then
      return program
    end
  end
end

--- The same command with the whole path of its program, where the program is a plain name.
---@generic T : string[]|function
---@param command T
---@return T
function M.resolved(command)
  if type(command) ~= 'table' or command[1]:find('[/\\]') then
    return command
  end
  local usual = ('%s/%s%s'):format(USUAL_FOLDER, command[1], SUFFIX)
  return vim.list_extend({ find(command[1]) or usual }, command, 2)
end

--- Why a program of a resolved command cannot be started; nil if it can.
---@param program string
---@return string?
function M.missing(program)
  if vim.fn.executable(program) == 1 then
    return nil
  elseif vim.fs.dirname(program) == USUAL_FOLDER then
    return ('`%s` is neither in $PATH nor in `%s`.'):format(vim.fs.basename(program), USUAL_FOLDER)
  end
  return ('`%s` is not an executable file.'):format(program)
end

return M
