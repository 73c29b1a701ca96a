-- A JSON body of about 1 kB.
dofile("report.lua")
local items = {}
for number = 1, 15 do
  items[number] = string.format('{"id":%d,"name":"item number %d","price":%d.25,"tags":["a","b"]}', number, number, number)
end
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"items":[' .. table.concat(items, ",") .. "]}"
