--- Windows with text that tacit has written: reports and explanations. `q` closes them.
local M = {}

---@class tacit.ReportOptions
---@field filetype string?
---@field focus boolean whether the cursor goes there

--- Shows a text in a window below, the one that showed the report of this name before if it is still open.
---@param name string
---@param text string
---@param options tacit.ReportOptions
function M.show(name, text, options)
  local bufnr = vim.fn.bufadd('tacit://' .. name)
  vim.bo[bufnr].buftype = 'nofile'
  vim.bo[bufnr].swapfile = false
  vim.fn.bufload(bufnr)
  local lines = vim.split(vim.trim(text), '\r?\n')
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, false, lines)
  vim.bo[bufnr].modifiable = false
  if options.filetype then
    vim.bo[bufnr].filetype = options.filetype
  end
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = bufnr, desc = 'close' })

  local window = vim.fn.bufwinid(bufnr)
  if window == -1 then
    local height = math.max(5, math.min(#lines, math.floor(vim.o.lines / 2)))
    window = vim.api.nvim_open_win(bufnr, false, { split = 'below', win = -1, height = height })
    vim.wo[window][0].wrap = true
    vim.wo[window][0].linebreak = true
    vim.wo[window][0].number = false
    vim.wo[window][0].relativenumber = false
    vim.wo[window][0].signcolumn = 'no'
  end
  vim.api.nvim_win_set_cursor(window, { 1, 0 })
  if options.focus then
    vim.api.nvim_set_current_win(window)
  end
end

return M
