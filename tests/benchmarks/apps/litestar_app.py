from litestar import Litestar, Request, get, post
from litestar.response import File, Stream
from shared import CHUNK, CHUNK_COUNT, FILE


@get("/json")
async def json_() -> dict[str, str]:
    return {"message": "Hello, World!"}


@get("/users/{id:str}")
async def user(id: str) -> dict[str, str]:
    return {"id": id}


@post("/items", status_code=200)
async def items(request: Request) -> dict[str, int]:
    return {"items": len((await request.json())["items"])}


@post("/upload", status_code=200)
async def upload(request: Request) -> dict[str, int]:
    return {"size": len(await request.body())}


@get("/file")
async def file() -> File:
    return File(FILE)


@get("/stream")
async def stream() -> Stream:
    async def chunks():
        for _ in range(CHUNK_COUNT):
            yield CHUNK

    return Stream(chunks())


app = Litestar([json_, user, items, upload, file, stream])
