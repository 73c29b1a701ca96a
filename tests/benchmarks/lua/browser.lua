-- A browser's 13 header fields, three of them new in every request: nothing that remembers whole requests gains by it.
dofile("report.lua")
local FORMAT = table.concat({
  "GET /json HTTP/1.1",
  "Host: 127.0.0.1:8080",
  "Connection: keep-alive",
  'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Sec-Fetch-Mode: navigate",
  "Referer: http://127.0.0.1:8080/list?page=%d",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
  'If-None-Match: "%08x"',
  "Cookie: session=%08x%08x; theme=dark",
}, "\r\n") .. "\r\n\r\n"

function request()
  return string.format(FORMAT, math.random(0, 99999), math.random(0, 0x7fffffff),
    math.random(0, 0x7fffffff), math.random(0, 0x7fffffff))
end
