"""areion-http alone: one handler, paths compared by hand. Usage: areion_http_app.py async|sync."""

import json
import sys
from collections.abc import AsyncIterator

from areion_http import HttpRequest, HttpResponse, HttpServer
from shared import CHUNK, CHUNK_COUNT, FILE, HOST, PORT


async def chunks() -> AsyncIterator[bytes]:
    for _ in range(CHUNK_COUNT):
        yield CHUNK


async def handle(request: HttpRequest) -> HttpResponse:
    path = request.path
    if path == "/json":
        return HttpResponse({"message": "Hello, World!"})
    if path.startswith("/users/"):
        return HttpResponse({"id": path[7:]})
    if path == "/items":
        return HttpResponse({"items": len(json.loads(await request.read())["items"])})
    if path == "/upload":
        return HttpResponse({"size": len(await request.read())})
    if path == "/file":
        return HttpResponse(FILE, content_type="application/octet-stream")
    if path == "/stream":
        return HttpResponse(chunks(), content_type="application/octet-stream")
    return HttpResponse("not found", 404)


def handle_sync(request: HttpRequest) -> HttpResponse:
    path = request.path
    if path == "/json":
        return HttpResponse({"message": "Hello, World!"})
    if path.startswith("/users/"):
        return HttpResponse({"id": path[7:]})
    return HttpResponse("not found", 404)


if __name__ == "__main__":
    HttpServer(handle_sync if sys.argv[1] == "sync" else handle, host=HOST, port=PORT).run()
