// node:http, without a framework.
const http = require("node:http");
const fs = require("node:fs");

const CHUNK = Buffer.alloc(16384, "x");

function sendJson(response, value) {
  const body = JSON.stringify(value);
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function readBody(request, done) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => done(Buffer.concat(parts)));
}

function streamChunks(response) {
  response.writeHead(200, { "Content-Type": "application/octet-stream" });
  let sent = 0;
  const more = () => {
    while (sent < 64) {
      sent += 1;
      if (!response.write(CHUNK)) return response.once("drain", more);
    }
    response.end();
  };
  more();
}

const server = http.createServer((request, response) => {
  const path = request.url;
  if (path === "/json") return sendJson(response, { message: "Hello, World!" });
  if (path.startsWith("/users/")) return sendJson(response, { id: path.slice(7) });
  if (path === "/items") {
    return readBody(request, (body) => sendJson(response, { items: JSON.parse(body).items.length }));
  }
  if (path === "/upload") return readBody(request, (body) => sendJson(response, { size: body.length }));
  if (path === "/file") {
    const size = fs.statSync(process.env.BENCH_FILE).size;
    response.writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": size });
    return fs.createReadStream(process.env.BENCH_FILE).pipe(response);
  }
  return streamChunks(response);
});
server.listen(Number(process.env.BENCH_PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
