"""A bare ASGI callable, for uvicorn and Granian: the least that either can be asked to do."""

import orjson
from shared import CHUNK, CHUNK_COUNT, FILE

JSON_TYPE = (b"content-type", b"application/json")
BINARY_TYPE = (b"content-type", b"application/octet-stream")


async def _read(receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def app(scope, receive, send) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])  # ASGI's way to say that an application has no lifespan
    path = scope["path"]
    headers = [JSON_TYPE]
    if path == "/json":
        body = orjson.dumps({"message": "Hello, World!"})
    elif path.startswith("/users/"):
        body = orjson.dumps({"id": path[7:]})
    elif path == "/items":
        body = orjson.dumps({"items": len(orjson.loads(await _read(receive))["items"])})
    elif path == "/upload":
        body = orjson.dumps({"size": len(await _read(receive))})
    elif path == "/file":
        headers = [BINARY_TYPE]
        body = FILE.read_bytes()
    else:
        await send({"type": "http.response.start", "status": 200, "headers": [BINARY_TYPE]})
        for _ in range(CHUNK_COUNT):
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
        await send({"type": "http.response.body"})
        return
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
