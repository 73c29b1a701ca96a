from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, StreamingResponse
from shared import CHUNK, CHUNK_COUNT, FILE

app = FastAPI()


@app.get("/json")
async def json_():
    return {"message": "Hello, World!"}


@app.get("/users/{id}")
async def user(id: str):
    return {"id": id}


@app.post("/items")
async def items(request: Request):
    return {"items": len((await request.json())["items"])}


@app.post("/upload")
async def upload(request: Request):
    return {"size": len(await request.body())}


@app.get("/file")
async def file():
    return FileResponse(FILE)


@app.get("/stream")
async def stream():
    async def chunks():
        for _ in range(CHUNK_COUNT):
            yield CHUNK

    return StreamingResponse(chunks(), media_type="application/octet-stream")
