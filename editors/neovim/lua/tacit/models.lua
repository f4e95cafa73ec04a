--- Which models can be chosen, what they need, and how quick they would be here. Pure.
local M = {}

--- An entry of `tacit models list --json`.
---@class tacit.Model
---@field name string
---@field bytes integer?
---@field license string
---@field tuning string?
---@field default boolean
---@field path string? where its file is; nil if it has to be downloaded

--- The facts of `tacit doctor --json`, as far as they are needed here.
---@class tacit.Machine
---@field memory { total: integer? }?
---@field model { bytes: integer? }? the one that the speed is of
---@field speed { passes: number[][] }? how many tokens, and the milliseconds that they take together

---@class tacit.ModelChoice
---@field name string
---@field facts string

--- Bytes beside the weights: the KV cache, the buffers that llama.cpp computes in, and what an editor takes.
local BESIDE_WEIGHTS = 2e9

--- 492 MB, 1.1 GB: as `tacit models list` writes them.
---@param bytes integer
---@return string
function M.human_bytes(bytes)
  return bytes < 1e9 and ('%d MB'):format(math.ceil(bytes / 1e6)) or ('%.1f GB'):format(bytes / 1e9)
end

--- Tokens a second, from what one pass takes with the model that was measured: all weights are read once for each
--- token, so the time goes with their size.
---@param bytes integer
---@param machine tacit.Machine
---@return number?
local function expected_speed(bytes, machine)
  local measured = vim.tbl_get(machine, 'model', 'bytes')
  for _, pass in ipairs(vim.tbl_get(machine, 'speed', 'passes') or {}) do
    if pass[1] == 1 and pass[2] > 0 and measured then
      return 1000 / (pass[2] * bytes / measured)
    end
  end
end

---@param model tacit.Model
---@param machine tacit.Machine
---@return boolean
local function fits(model, machine)
  local total = vim.tbl_get(machine, 'memory', 'total')
  return not total or model.bytes + BESIDE_WEIGHTS <= total
end

---@param model tacit.Model
---@param machine tacit.Machine
---@return string
local function facts(model, machine)
  local words = { M.human_bytes(model.bytes) }
  local speed = fits(model, machine) and expected_speed(model.bytes, machine)
  if speed then
    words[#words + 1] = ('about %s tokens/s'):format((speed < 10 and '%.1f' or '%.0f'):format(speed))
  end
  words[#words + 1] = model.path and 'on this machine' or 'to download'
  if not fits(model, machine) then
    words[#words + 1] = 'needs more memory than this machine has'
  end
  words[#words + 1] = model.license
  if model.default then
    words[#words + 1] = 'default'
  end
  return table.concat(words, ' · ')
end

--- Those on this machine first, then those that can be downloaded; each group from small to large, what does not fit
--- last.
---@param models tacit.Model[]
---@param machine tacit.Machine
---@return tacit.ModelChoice[]
function M.choices(models, machine)
  local known = vim.tbl_filter(function(model)
    return model.bytes ~= nil
  end, models)
  local function rank(model)
    return model.path and 0 or fits(model, machine) and 1 or 2
  end
  table.sort(known, function(left, right)
    if rank(left) ~= rank(right) then
      return rank(left) < rank(right)
    end
    return left.bytes < right.bytes
  end)
  local choices = { { name = 'auto', facts = 'the one that is quick on any machine' } }
  for _, model in ipairs(known) do
    choices[#choices + 1] = { name = model.name, facts = facts(model, machine) }
  end
  return choices
end

return M
