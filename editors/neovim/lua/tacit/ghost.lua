--- Ghost text before Neovim 0.12: asks `textDocument/inlineCompletion` as the user types and draws the answer with
--- extmarks. One suggestion per buffer; it stays while what is typed agrees with it.
local config = require('tacit.config')
local keys = require('tacit.keys')
local menu = require('tacit.menu')
local proposals = require('tacit.proposal')
local text = require('tacit.text')

local M = {}

local drawn_ns = vim.api.nvim_create_namespace('tacit.ghost')
local place_ns = vim.api.nvim_create_namespace('tacit.place')

local INVOKED, AUTOMATIC = 1, 2

---@class tacit.Buffer
---@field client vim.lsp.Client
---@field request integer? the request that is still open
---@field proposal tacit.Proposal?
---@field alternatives tacit.Proposal[] all that the server gave for the place of the proposal, itself included
---@field start_mark integer? extmarks at the ends of the proposal, which edits move along
---@field stop_mark integer?
---@field drawn boolean
---@field seen string? the state of text and cursor that was handled last
---@field timer uv.uv_timer_t

---@type table<integer, tacit.Buffer>
local buffers = {}

---@param bufnr integer
---@return boolean
local function is_typing(bufnr)
  return vim.api.nvim_get_current_buf() == bufnr
    and vim.api.nvim_get_mode().mode:sub(1, 1) == 'i'
    and vim.bo[bufnr].modifiable
end

--- Changes whenever the text or the cursor does.
---@param bufnr integer
---@return string
local function moment(bufnr)
  local cursor = proposals.cursor()
  return ('%d:%d:%d'):format(vim.api.nvim_buf_get_changedtick(bufnr), cursor.row, cursor.column)
end

---@param bufnr integer
local function hide(bufnr)
  local buffer = buffers[bufnr]
  if buffer.drawn then
    buffer.drawn = false
    vim.api.nvim_buf_clear_namespace(bufnr, drawn_ns, 0, -1)
  end
  keys.release(bufnr)
end

---@param bufnr integer
local function forget(bufnr)
  local buffer = buffers[bufnr]
  buffer.proposal = nil
  buffer.alternatives = {}
  vim.api.nvim_buf_clear_namespace(bufnr, place_ns, 0, -1)
  hide(bufnr)
end

---@param bufnr integer
local function cancel(bufnr)
  local buffer = buffers[bufnr]
  buffer.timer:stop()
  if buffer.request then
    buffer.client:cancel_request(buffer.request)
    buffer.request = nil
  end
end

--- The proposal with its ends where the edits since have moved them.
---@param bufnr integer
---@return tacit.Proposal?
local function current(bufnr)
  local buffer = buffers[bufnr]
  local proposal = buffer.proposal
  if not proposal then
    return nil
  end
  for field, mark in pairs({ start = buffer.start_mark, stop = buffer.stop_mark }) do
    local at = vim.api.nvim_buf_get_extmark_by_id(bufnr, place_ns, mark, {})
    proposal[field] = { row = at[1], column = at[2] }
  end
  return proposal
end

---@param bufnr integer
---@param proposal tacit.Proposal
local function remember(bufnr, proposal)
  local buffer = buffers[bufnr]
  vim.api.nvim_buf_clear_namespace(bufnr, place_ns, 0, -1)
  local function mark(place, right_gravity)
    return vim.api.nvim_buf_set_extmark(bufnr, place_ns, place.row, place.column, { right_gravity = right_gravity })
  end
  buffer.proposal = proposal
  buffer.start_mark = mark(proposal.start, false)
  buffer.stop_mark = mark(proposal.stop, true)
end

---@param bufnr integer
---@param rest string
---@param tail string
local function draw(bufnr, rest, tail)
  local buffer, cursor = buffers[bufnr], proposals.cursor()
  vim.api.nvim_buf_clear_namespace(bufnr, drawn_ns, 0, -1)
  local tabstop = vim.bo[bufnr].tabstop
  local lines = vim.split(rest, '\n', { plain = true })
  local left = vim.api.nvim_get_current_line():sub(1, cursor.column)
  local below = {}
  for i = 2, #lines do
    below[#below + 1] = { { text.expand_tabs(lines[i], 0, tabstop), 'TacitGhost' } }
  end
  -- Where the text right of the cursor cannot be part of the picture, the picture covers it.
  local woven = text.weave(lines[1], tail)
  local pieces = woven or { { at = 0, text = lines[1] } }
  for _, piece in ipairs(pieces) do
    local column = vim.fn.strdisplaywidth(left .. tail:sub(1, piece.at))
    local virtual = text.expand_tabs(piece.text, column, tabstop)
    if not woven then
      virtual = virtual .. (' '):rep(vim.fn.strdisplaywidth(tail) - vim.fn.strdisplaywidth(virtual))
    end
    vim.api.nvim_buf_set_extmark(bufnr, drawn_ns, cursor.row, cursor.column + piece.at, {
      virt_text = { { virtual, 'TacitGhost' } },
      virt_text_pos = woven and 'inline' or 'overlay',
      undo_restore = false,
    })
  end
  if #below > 0 then
    vim.api.nvim_buf_set_extmark(
      bufnr,
      drawn_ns,
      cursor.row,
      cursor.column,
      { virt_lines = below, undo_restore = false }
    )
  end
  buffer.drawn = true
  keys.hold(bufnr)
end

--- Draws what is left of the proposal, or drops it if the text has gone another way.
---@param bufnr integer
---@return string? rest what is on the screen now
local function show(bufnr)
  local proposal = current(bufnr)
  if not proposal then
    return nil
  end
  local rest, tail = proposals.rest(bufnr, proposal)
  if not rest then
    forget(bufnr)
    return nil
  end
  draw(bufnr, rest, tail)
  return rest
end

--- Puts a proposal on the screen that was not there before.
---@param bufnr integer
---@param proposal tacit.Proposal
local function present(bufnr, proposal)
  remember(bufnr, proposal)
  show(bufnr)
  buffers[bufnr].client:notify('textDocument/didShowCompletion', { item = proposal.item })
end

--- Takes the first item that can be drawn here, and keeps those that could stand in its place.
---@param bufnr integer
---@param items table[]
local function receive(bufnr, items)
  local buffer = buffers[bufnr]
  local on_screen = show(bufnr)
  local fitting = {} ---@type tacit.Proposal[]
  for _, item in ipairs(items) do
    local proposal = proposals.read(buffer.client, bufnr, item)
    if proposal and proposals.rest(bufnr, proposal) then
      local first = fitting[1] or proposal
      if vim.deep_equal({ first.start, first.stop }, { proposal.start, proposal.stop }) then
        fitting[#fitting + 1] = proposal
      end
    end
  end
  local first = fitting[1]
  -- An answer that only says less than what is on the screen changes nothing.
  if not first or (on_screen and vim.startswith(on_screen, (proposals.rest(bufnr, first)))) then
    return
  end
  buffer.alternatives = fitting
  present(bufnr, first)
end

---@param bufnr integer
---@param trigger_kind integer
local function ask(bufnr, trigger_kind)
  local buffer = buffers[bufnr]
  local params = vim.lsp.util.make_position_params(0, buffer.client.offset_encoding)
  params.context = { triggerKind = trigger_kind }
  local asked_at = moment(bufnr)
  local sent, id
  sent, id = buffer.client:request('textDocument/inlineCompletion', params, function(err, answer)
    -- A request that was cancelled may be answered all the same.
    if buffers[bufnr] ~= buffer or buffer.request ~= id then
      return
    end
    buffer.request = nil
    local outdated = not is_typing(bufnr) or moment(bufnr) ~= asked_at or menu.item_selected()
    if err or not answer or outdated then
      return
    end
    receive(bufnr, answer.items or answer)
  end, bufnr)
  buffer.request = sent and id or nil
end

---@param bufnr integer
---@param trigger_kind integer
---@param wait_ms integer
local function ask_after(bufnr, trigger_kind, wait_ms)
  cancel(bufnr)
  if wait_ms == 0 then
    ask(bufnr, trigger_kind)
    return
  end
  local asked_at = moment(bufnr)
  buffers[bufnr].timer:start(
    wait_ms,
    0,
    vim.schedule_wrap(function()
      if buffers[bufnr] and is_typing(bufnr) and moment(bufnr) == asked_at then
        ask(bufnr, trigger_kind)
      end
    end)
  )
end

--- Brings the screen in step with text, cursor and menu, and asks for the next suggestion.
---@param bufnr integer
local function update(bufnr)
  local buffer = buffers[bufnr]
  if not buffer or not is_typing(bufnr) then
    return
  end
  if menu.item_selected() then
    -- The menu has put its own text into the buffer. The proposal waits: it may agree again when the menu closes.
    cancel(bufnr)
    hide(bufnr)
    buffer.seen = nil
    return
  end
  local now = moment(bufnr)
  if now == buffer.seen then
    return
  end
  buffer.seen = now
  show(bufnr)
  if config.options.auto then
    ask_after(bufnr, AUTOMATIC, config.options.debounce_ms)
  end
end

---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  if buffers[bufnr] then
    M.detach(bufnr)
  end
  buffers[bufnr] = { client = client, alternatives = {}, drawn = false, timer = assert(vim.uv.new_timer()) }
  keys.map_trigger(bufnr)
  local group = vim.api.nvim_create_augroup('tacit.ghost.' .. bufnr, {})
  local function on(events, callback)
    vim.api.nvim_create_autocmd(events, { group = group, buffer = bufnr, callback = callback })
  end
  on({ 'InsertEnter', 'TextChangedI', 'TextChangedP', 'CursorMovedI' }, function()
    update(bufnr)
  end)
  -- These come before the menu has changed what they tell about.
  on({ 'CompleteChanged', 'CompleteDone' }, function()
    vim.schedule(function()
      update(bufnr)
    end)
  end)
  on({ 'InsertLeave', 'BufLeave' }, function()
    cancel(bufnr)
    forget(bufnr)
    buffers[bufnr].seen = nil
  end)
  vim.schedule(function()
    update(bufnr)
  end)
end

---@param bufnr integer
function M.detach(bufnr)
  local buffer = buffers[bufnr]
  if not buffer then
    return
  end
  vim.api.nvim_del_augroup_by_name('tacit.ghost.' .. bufnr)
  cancel(bufnr)
  forget(bufnr)
  keys.unmap_trigger(bufnr)
  buffer.timer:close()
  buffers[bufnr] = nil
end

---@param portion 'all'|'word'|'line'
---@return boolean
function M.accept(portion)
  local bufnr = vim.api.nvim_get_current_buf()
  if not M.visible() then
    return false
  end
  local proposal = assert(current(bufnr))
  cancel(bufnr)
  local taken, complete = proposals.take(bufnr, proposal, portion)
  if not taken or complete then
    forget(bufnr)
  else
    show(bufnr)
  end
  return taken
end

---@return boolean
function M.dismiss()
  local bufnr = vim.api.nvim_get_current_buf()
  if not M.visible() then
    return false
  end
  cancel(bufnr)
  forget(bufnr)
  return true
end

--- Shows the next of the server's suggestions that agree with what was typed. A single one stays.
---@param step 1|-1
---@return boolean
function M.select(step)
  local bufnr = vim.api.nvim_get_current_buf()
  if not M.visible() then
    return false
  end
  local shown, alternatives = assert(current(bufnr)), buffers[bufnr].alternatives
  local here = vim.iter(ipairs(alternatives)):find(function(_, proposal)
    return proposal == shown
  end)
  for distance = 1, #alternatives - 1 do
    local other = alternatives[(here - 1 + step * distance) % #alternatives + 1]
    -- They stand for the same place, which edits have moved along with the one on the screen.
    other.start, other.stop = shown.start, shown.stop
    if proposals.rest(bufnr, other) then
      present(bufnr, other)
      break
    end
  end
  return true
end

---@return boolean
function M.trigger()
  local bufnr = vim.api.nvim_get_current_buf()
  if not buffers[bufnr] or not is_typing(bufnr) then
    return false
  end
  ask_after(bufnr, INVOKED, 0)
  return true
end

--- There is more now than the last answer said. Nothing happens if the user has gone on or dismissed it.
---@param bufnr integer
function M.ask_again(bufnr)
  local buffer = buffers[bufnr]
  if buffer and buffer.drawn and is_typing(bufnr) and moment(bufnr) == buffer.seen and not menu.item_selected() then
    ask(bufnr, AUTOMATIC)
  end
end

---@return boolean
function M.visible()
  local buffer = buffers[vim.api.nvim_get_current_buf()]
  return buffer ~= nil and buffer.drawn
end

return M
