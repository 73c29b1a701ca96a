-- Sixteen small requests in one write.
dofile("report.lua")
local batch

function init(args)
  local one = wrk.format("GET", "/json")
  batch = string.rep(one, 16)
end

function request()
  return batch
end
