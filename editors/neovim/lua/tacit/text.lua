--- Pure functions over strings: what of a suggestion to take, how to draw it, how long it is on the wire.
local M = {}

--- Line ends of any kind as `\n`: a buffer's lines hold none.
---@param text string
---@return string
function M.unix_lines(text)
  return (text:gsub('\r\n', '\n'):gsub('\r', '\n'))
end

---@param text string
---@return string[]
local function characters(text)
  return vim.fn.split(text, [[\zs]])
end

-- 0.10 has other forms of these functions, and what 0.11 has under names of its own.
local is_0_10 = vim.fn.has('nvim-0.11') == 0

--- The first bytes of a line in units of an encoding, as LSP counts.
---@param line string
---@param encoding string
---@param bytes integer? all if left out
---@return integer
function M.units(line, encoding, bytes)
  if is_0_10 then
    return vim.lsp.util._str_utfindex_enc(line, bytes, encoding)
  end
  return vim.str_utfindex(line, encoding, bytes, false)
end

--- The first units of a line in bytes.
---@param line string
---@param encoding string
---@param units integer
---@return integer
function M.bytes(line, encoding, units)
  if is_0_10 then
    return vim.lsp.util._str_byteindex_enc(line, units, encoding)
  end
  return vim.str_byteindex(line, encoding, units, false)
end

--- The next word, with the blanks and line ends before it. Words are those of the `w` motion in this buffer.
---@param text string
---@return string
function M.next_word(text)
  local taken, class = {}, nil
  for _, character in ipairs(characters(text)) do
    local here = character == '\n' and 0 or vim.fn.charclass(character)
    if here ~= 0 then
      class = class or here
    end
    if class and here ~= class then
      break
    end
    taken[#taken + 1] = character
  end
  return table.concat(taken)
end

--- The rest of the line; from the end of a line, the whole next line that has something on it.
---@param text string
---@return string
function M.next_line(text)
  return text:match('^[\n \t]*[^\n]+') or text
end

--- How to show `line` while `tail` stays on the screen: pieces to draw between the characters of `tail`, so that
--- both together read as `line`. Nil where `tail` is not contained in `line` in order.
--- The match goes from the end, which keeps the pieces near the cursor whole.
---@param line string
---@param tail string
---@return { at: integer, text: string }[]? pieces `at` is a byte offset into `tail`
function M.weave(line, tail)
  local of_line, of_tail = characters(line), characters(tail)
  local pieces, piece = {}, {}
  local t, at = #of_tail, #tail
  local function finish_piece()
    if #piece > 0 then
      table.insert(pieces, 1, { at = at, text = table.concat(piece) })
      piece = {}
    end
  end
  for l = #of_line, 1, -1 do
    if t > 0 and of_line[l] == of_tail[t] then
      finish_piece()
      at = at - #of_tail[t]
      t = t - 1
    else
      table.insert(piece, 1, of_line[l])
    end
  end
  finish_piece()
  return t == 0 and pieces or nil
end

--- Tabs as blanks: virtual text has no tab stops of its own.
---@param text string one line
---@param column integer the screen column at which it starts
---@param tabstop integer
---@return string
function M.expand_tabs(text, column, tabstop)
  local expanded = ''
  for piece, tab in text:gmatch('([^\t]*)(\t?)') do
    expanded = expanded .. piece
    if tab ~= '' then
      local width = column + vim.fn.strdisplaywidth(expanded)
      expanded = expanded .. (' '):rep(tabstop - width % tabstop)
    end
  end
  return expanded
end

--- The length in UTF-16 units of the part of the server's text that has been accepted.
---@param insert_text string as the server sent it
---@param accepted string its beginning, with unix line ends
---@return integer
function M.accepted_length(insert_text, accepted)
  if insert_text:find('\r\n', 1, true) then
    accepted = accepted:gsub('\n', '\r\n')
  end
  return M.units(accepted, 'utf-16')
end

--- The same for 'statusline' and 'winbar', where `%{...}` runs what stands in it. A wide sign takes the place of `%`: doubled, it would be
--- shown twice where the text is no format but the value of an expression.
---@param words string
---@return string
function M.for_statusline(words)
  return (words:gsub('%%', '％'):gsub('%c', ' '))
end

return M
