"""Areion through its builder. Usage: areion_app.py async|sync: the kind of handlers."""

import sys
from collections.abc import AsyncIterator, Iterator

from areion import AreionServerBuilder, DefaultRouter, HttpRequest, HttpResponse, create_file_response
from shared import CHUNK, CHUNK_COUNT, FILE, HOST, PORT

router = DefaultRouter()


def add_async_handlers() -> None:
    @router.get("/json")
    async def json_(request: HttpRequest) -> dict[str, str]:
        return {"message": "Hello, World!"}

    @router.get("/users/:id")
    async def user(request: HttpRequest, id: str) -> dict[str, str]:
        return {"id": id}

    @router.post("/items")
    async def items(request: HttpRequest) -> dict[str, int]:
        return {"items": len((await request.json())["items"])}

    @router.post("/upload")
    async def upload(request: HttpRequest) -> dict[str, int]:
        return {"size": len(await request.read())}

    @router.get("/file")
    async def file(request: HttpRequest) -> HttpResponse:
        return create_file_response(str(FILE))

    @router.get("/stream")
    async def stream(request: HttpRequest) -> HttpResponse:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(CHUNK_COUNT):
                yield CHUNK

        return HttpResponse(chunks(), content_type="application/octet-stream")


def add_sync_handlers() -> None:
    @router.get("/json")
    def json_(request: HttpRequest) -> dict[str, str]:
        return {"message": "Hello, World!"}

    @router.get("/users/:id")
    def user(request: HttpRequest, id: str) -> dict[str, str]:
        return {"id": id}

    @router.post("/items")
    def items(request: HttpRequest) -> dict[str, int]:
        return {"items": len(request.get_parsed_body()["items"])}

    @router.post("/upload")
    def upload(request: HttpRequest) -> dict[str, int]:
        return {"size": len(request.body)}

    @router.get("/file")
    def file(request: HttpRequest) -> HttpResponse:
        return create_file_response(str(FILE))

    @router.get("/stream")
    def stream(request: HttpRequest) -> HttpResponse:
        def chunks() -> Iterator[bytes]:
            for _ in range(CHUNK_COUNT):
                yield CHUNK

        return HttpResponse(chunks(), content_type="application/octet-stream")


if __name__ == "__main__":
    add_sync_handlers() if sys.argv[1] == "sync" else add_async_handlers()
    AreionServerBuilder().with_host(HOST).with_port(PORT).with_router(router).build().run()
