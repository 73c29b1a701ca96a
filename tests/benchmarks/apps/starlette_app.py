from shared import CHUNK, CHUNK_COUNT, FILE
from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.routing import Route


async def json_(request):
    return JSONResponse({"message": "Hello, World!"})


async def user(request):
    return JSONResponse({"id": request.path_params["id"]})


async def items(request):
    return JSONResponse({"items": len((await request.json())["items"])})


async def upload(request):
    return JSONResponse({"size": len(await request.body())})


async def file(request):
    return FileResponse(FILE)


async def stream(request):
    async def chunks():
        for _ in range(CHUNK_COUNT):
            yield CHUNK

    return StreamingResponse(chunks(), media_type="application/octet-stream")


app = Starlette(
    routes=[
        Route("/json", json_),
        Route("/users/{id}", user),
        Route("/items", items, methods=["POST"]),
        Route("/upload", upload, methods=["POST"]),
        Route("/file", file),
        Route("/stream", stream),
    ]
)
