from blacksheep import Application, Content, Request, Response, get, json, post
from blacksheep.contents import StreamedContent
from shared import CHUNK, CHUNK_COUNT, FILE

app = Application()


@get("/json")
async def json_():
    return json({"message": "Hello, World!"})


@get("/users/{id}")
async def user(id: str):
    return json({"id": id})


@post("/items")
async def items(request: Request):
    return json({"items": len((await request.json())["items"])})


@post("/upload")
async def upload(request: Request):
    return json({"size": len(await request.read())})


@get("/file")
async def download():
    return Response(200, content=Content(b"application/octet-stream", FILE.read_bytes()))


@get("/stream")
async def stream():
    async def chunks():
        for _ in range(CHUNK_COUNT):
            yield CHUNK

    return Response(200, content=StreamedContent(b"application/octet-stream", chunks))
