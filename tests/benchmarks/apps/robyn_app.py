from robyn import Request, Robyn, StreamingResponse
from robyn.responses import serve_file
from shared import CHUNK, CHUNK_COUNT, FILE, HOST, PORT

app = Robyn(__file__)


@app.get("/json")
async def json_():
    return {"message": "Hello, World!"}


@app.get("/users/:id")
async def user(request: Request):
    return {"id": request.path_params["id"]}


@app.post("/items")
async def items(request: Request):
    return {"items": len(request.json()["items"])}


@app.post("/upload")
async def upload(request: Request):
    return {"size": len(request.body)}


@app.get("/file")
async def file():
    return serve_file(str(FILE))


@app.get("/stream")
async def stream():
    async def chunks():
        for _ in range(CHUNK_COUNT):
            yield CHUNK

    return StreamingResponse(chunks(), media_type="application/octet-stream")


if __name__ == "__main__":
    app.start(host=HOST, port=PORT, _check_port=False)
