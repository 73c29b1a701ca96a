import uvloop
from aiohttp import web
from shared import CHUNK, CHUNK_COUNT, FILE, HOST, PORT


async def json_(request):
    return web.json_response({"message": "Hello, World!"})


async def user(request):
    return web.json_response({"id": request.match_info["id"]})


async def items(request):
    return web.json_response({"items": len((await request.json())["items"])})


async def upload(request):
    return web.json_response({"size": len(await request.read())})


async def file(request):
    return web.FileResponse(FILE)


async def stream(request):
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    await response.prepare(request)
    for _ in range(CHUNK_COUNT):
        await response.write(CHUNK)
    await response.write_eof()
    return response


app = web.Application(client_max_size=2**22)
app.add_routes(
    [
        web.get("/json", json_),
        web.get("/users/{id}", user),
        web.post("/items", items),
        web.post("/upload", upload),
        web.get("/file", file),
        web.get("/stream", stream),
    ]
)

if __name__ == "__main__":
    web.run_app(app, host=HOST, port=PORT, access_log=None, print=None, loop=uvloop.new_event_loop())
