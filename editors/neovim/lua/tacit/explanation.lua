--- What `tacit/explain` says, for a person. Pure.
local M = {}

--- The answer of `tacit/explain`.
---@class tacit.Explanation
---@field shown boolean
---@field reason string
---@field text string
---@field metrics table<string, number|boolean|string>
---@field context { path: string, start_line: integer, end_line: integer, tokens: integer, reason: string }[]
---@field prompt string

--- A block of code that holds any text: its fence is longer than every fence inside.
---@param text string
---@param language string
---@return string
local function fenced(text, language)
  local fence = '```'
  for ticks in text:gmatch('`+') do
    if #ticks >= #fence then
      fence = ticks .. '`'
    end
  end
  return ('%s%s\n%s\n%s'):format(fence, language, (text:gsub('\n$', '')), fence)
end

---@param metrics table<string, number|boolean|string>
---@return string
local function costs(metrics)
  local rows = {
    { 'milliseconds to the first line', metrics.first_line_ms },
    { 'milliseconds in all', metrics.total_ms },
    { 'prompt tokens read', metrics.prompt_tokens_evaluated },
    { 'prompt tokens known from before', metrics.prompt_tokens_reused },
    { 'tokens written', metrics.tokens_generated },
    { 'of these guessed before', metrics.draft_tokens_accepted },
  }
  local lines = {}
  for _, row in ipairs(rows) do
    lines[#lines + 1] = ('- %s: %.0f'):format(row[1], tonumber(row[2]) or 0)
  end
  if metrics.from_cache then
    lines[#lines + 1] = '- An earlier answer fitted, so the model was not asked again.'
  end
  return table.concat(lines, '\n')
end

---@param context tacit.Explanation['context']
---@return string
local function pieces(context)
  local lines = {}
  for _, piece in ipairs(context) do
    local place = ('%s:%d-%d'):format(piece.path, piece.start_line, piece.end_line)
    lines[#lines + 1] = ('- `%s`, %d tokens: %s'):format(place, piece.tokens, piece.reason)
  end
  return table.concat(lines, '\n')
end

--- A Markdown text about the last request in a file.
---@param file string its name
---@param language string its file type
---@param explanation tacit.Explanation? nil: nothing was asked yet
---@return string
function M.text(file, language, explanation)
  local title = '# What the model was shown for ' .. file
  if not explanation then
    return title .. '\n\nNothing yet. Type something in the file, then ask again.\n'
  end
  local outcome = explanation.shown and 'A suggestion was shown' or 'Nothing was shown'
  local parts = {
    title,
    'The last request in this file. The model runs on your own machine: nothing of this has left it.',
    ('## Outcome\n\n**%s**: %s'):format(outcome, explanation.reason),
  }
  if explanation.text ~= '' then
    parts[#parts + 1] = fenced(explanation.text, language)
  end
  parts[#parts + 1] = '## Cost\n\n' .. costs(explanation.metrics)
  local none = 'Nothing: the model was not asked.'
  parts[#parts + 1] = '## Pieces of other code, and why\n\n'
    .. (#explanation.context > 0 and pieces(explanation.context) or 'None.')
  parts[#parts + 1] = '## The prompt, exactly\n\n'
    .. (explanation.prompt ~= '' and fenced(explanation.prompt, '') or none)
  return table.concat(parts, '\n\n') .. '\n'
end

return M
