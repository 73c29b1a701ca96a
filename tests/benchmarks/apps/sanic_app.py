from sanic import Sanic
from sanic.response import file as file_response
from sanic.response import json
from shared import CHUNK, CHUNK_COUNT, FILE, HOST, PORT

app = Sanic("bench")


@app.get("/json")
async def json_(request):
    return json({"message": "Hello, World!"})


@app.get("/users/<id>")
async def user(request, id):
    return json({"id": id})


@app.post("/items")
async def items(request):
    return json({"items": len(request.json["items"])})


@app.post("/upload")
async def upload(request):
    return json({"size": len(request.body)})


@app.get("/file")
async def file(request):
    return await file_response(FILE)


@app.get("/stream")
async def stream(request):
    response = await request.respond(content_type="application/octet-stream")
    for _ in range(CHUNK_COUNT):
        await response.send(CHUNK)
    await response.eof()


if __name__ == "__main__":
    app.run(HOST, PORT, single_process=True, access_log=False, motd=False)
