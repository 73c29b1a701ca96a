-- A new connection for every request.
dofile("report.lua")
wrk.headers["Connection"] = "close"
