--- What the server is doing that takes long: a text for the status line, and a mark at the code that an action is about.
local M = {}

local ns = vim.api.nvim_create_namespace('tacit.progress')

--- An action that was sent, at the code that it is about.
---@class tacit.Place
---@field client_id integer
---@field bufnr integer
---@field mark integer extmark
---@field token string? once the server has begun

--- Work that the server reports.
---@class tacit.Work
---@field client_id integer
---@field title string
---@field message string
---@field cancellable boolean

---@type tacit.Place[] in the order in which they were sent, which is that in which the server begins
local places = {}
---@type table<string, tacit.Work> by token
local works = {}

---@param place tacit.Place
---@param message string
local function draw(place, message)
  if not vim.api.nvim_buf_is_valid(place.bufnr) then
    return
  end
  local at = vim.api.nvim_buf_get_extmark_by_id(place.bufnr, ns, place.mark, {})
  if at[1] then
    local virtual = { { '  ' .. message, 'TacitProgress' } }
    vim.api.nvim_buf_set_extmark(place.bufnr, ns, at[1], at[2], { id = place.mark, virt_text = virtual })
  end
end

--- Marks code that is being worked on.
---@param client_id integer
---@param bufnr integer
---@param byte integer 0-based, of the file
---@return tacit.Place
function M.begin(client_id, bufnr, byte)
  local line = vim.api.nvim_buf_call(bufnr, function()
    return vim.fn.byte2line(byte + 1)
  end)
  local row = math.max(line, 1) - 1
  local place = { client_id = client_id, bufnr = bufnr, mark = vim.api.nvim_buf_set_extmark(bufnr, ns, row, 0, {}) }
  places[#places + 1] = place
  draw(place, 'tacit is waiting for the model')
  return place
end

--- Takes the mark away.
---@param place tacit.Place
function M.finish(place)
  places = vim.tbl_filter(function(other)
    return other ~= place
  end, places)
  if vim.api.nvim_buf_is_valid(place.bufnr) then
    vim.api.nvim_buf_del_extmark(place.bufnr, ns, place.mark)
  end
end

---@param client_id integer
---@param token string
---@return tacit.Place?
local function place_of(client_id, token)
  for _, place in ipairs(places) do
    if place.client_id == client_id and (place.token == token or not place.token) then
      place.token = token
      return place
    end
  end
end

--- Receives `$/progress`.
---@param client_id integer
---@param params lsp.ProgressParams
function M.receive(client_id, params)
  local token, value = tostring(params.token), params.value
  if value.kind == 'end' then
    works[token] = nil
  else
    local work = works[token] or { client_id = client_id, title = value.title or '', message = '', cancellable = false }
    works[token] = work
    work.message = value.message or work.message
    work.cancellable = value.cancellable or work.cancellable
    local place = vim.startswith(token, 'tacit/action/') and place_of(client_id, token)
    if place then
      draw(place, work.message ~= '' and work.message or 'tacit reads the code')
    end
  end
  vim.cmd.redrawstatus({ bang = true })
end

--- Drops what a server was doing that runs no more.
---@param client_id integer
function M.forget(client_id)
  for token, work in pairs(works) do
    if work.client_id == client_id then
      works[token] = nil
    end
  end
  for _, place in ipairs(vim.list_slice(places)) do
    if place.client_id == client_id then
      M.finish(place)
    end
  end
end

--- What is being done, in a few words: `tacit: Document `total`, 12 tokens`. Nil if nothing is.
---@return string?
function M.in_words()
  local _, work = next(works)
  if work then
    -- What follows the colon is code, too long for a status line.
    local amount = work.message:match('^[^:]+')
    return work.title .. (amount and ', ' .. amount or '')
  end
end

--- Ends what can be ended. Returns how many that were.
---@return integer
function M.cancel()
  local cancelled = 0
  for token, work in pairs(works) do
    local client = vim.lsp.get_client_by_id(work.client_id)
    if client and work.cancellable then
      client:notify('window/workDoneProgress/cancel', { token = token })
      cancelled = cancelled + 1
    end
  end
  return cancelled
end

return M
