-- Stands in for `vim.lsp.inline_completion` on a Neovim before 0.12, for one server that counts in UTF-8. It asks, draws and
-- hands over when Neovim 0.12.4 does.
local M = {}

local ns = vim.api.nvim_create_namespace('nvim.lsp.inline_completion')

---@type table<integer, { items: table[], index: integer, current: table?, turn: integer }> by buffer
local buffers = {}

local function show(bufnr)
  vim.api.nvim_buf_clear_namespace(bufnr, ns, 0, -1)
  local current = buffers[bufnr].current
  if not current then
    return
  end
  local lines = vim.tbl_map(function(line)
    return { { line } }
  end, vim.split(current.insert_text, '\n', { plain = true }))
  local start, column = current.range.start, vim.api.nvim_win_get_cursor(0)[2]
  lines[1][1][1] = lines[1][1][1]:sub(column - start.character + 1)
  vim.api.nvim_buf_set_extmark(bufnr, ns, start.line, column, {
    virt_text = lines[1],
    virt_lines = vim.list_slice(lines, 2),
  })
end

local function select(bufnr, index)
  local state = buffers[bufnr]
  local item = state.items[index]
  state.index = index
  state.current = item
    and {
      client_id = vim.lsp.get_clients({ bufnr = bufnr })[1].id,
      insert_text = item.insertText,
      command = item.command,
      range = {
        start = item.range.start,
        to_lsp = function(_, encoding)
          assert(encoding == 'utf-8')
          return item.range
        end,
      },
    }
  show(bufnr)
end

local function ask(bufnr)
  local client = vim.lsp.get_clients({ bufnr = bufnr })[1]
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = 2 }
  client:request('textDocument/inlineCompletion', params, function(_, answer)
    if vim.startswith(vim.api.nvim_get_mode().mode, 'i') then
      buffers[bufnr].items = answer.items
      select(bufnr, 1)
    end
  end, bufnr)
end

local function ask_soon(bufnr)
  local state = buffers[bufnr]
  show(bufnr)
  state.turn = state.turn + 1
  local turn = state.turn
  vim.defer_fn(function()
    if state.turn == turn then
      ask(bufnr)
    end
  end, 200)
end

local function abort(bufnr)
  local state = buffers[bufnr]
  state.turn = state.turn + 1
  state.current = nil
  show(bufnr)
end

function M.enable(_, filter)
  local bufnr = assert(filter.bufnr)
  buffers[bufnr] = { items = {}, index = 1, turn = 0 }
  local group = vim.api.nvim_create_augroup('nvim.lsp.inline_completion:' .. bufnr, {})
  local function on(events, act)
    vim.api.nvim_create_autocmd(events, {
      group = group,
      buffer = bufnr,
      callback = function()
        act(bufnr)
      end,
    })
  end
  -- Neovim begins only once the client is attached.
  vim.schedule(function()
    on({ 'InsertEnter', 'CursorMovedI', 'TextChangedP' }, ask_soon)
    on('InsertLeave', abort)
  end)
end

function M.select(options)
  local bufnr = vim.api.nvim_get_current_buf()
  local state = buffers[bufnr]
  if state.current then
    select(bufnr, (state.index + options.count - 1) % #state.items + 1)
  end
end

function M.get(options)
  local bufnr = vim.api.nvim_get_current_buf()
  if not buffers[bufnr] or not buffers[bufnr].current then
    return false
  end
  vim.schedule(function()
    local item = buffers[bufnr].current
    abort(bufnr)
    if item then
      assert(options.on_accept(item) == nil, 'the stand-in leaves the text to the plugin')
    end
  end)
  return true
end

return M
