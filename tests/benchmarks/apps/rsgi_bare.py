"""A bare RSGI callable for Granian."""

import orjson
from shared import CHUNK, CHUNK_COUNT, FILE

JSON_TYPE = [("content-type", "application/json")]
BINARY_TYPE = [("content-type", "application/octet-stream")]


async def app(scope, protocol) -> None:
    path = scope.path
    if path == "/json":
        body = orjson.dumps({"message": "Hello, World!"})
    elif path.startswith("/users/"):
        body = orjson.dumps({"id": path[7:]})
    elif path == "/items":
        body = orjson.dumps({"items": len(orjson.loads(await protocol())["items"])})
    elif path == "/upload":
        body = orjson.dumps({"size": len(await protocol())})
    elif path == "/file":
        protocol.response_file(200, BINARY_TYPE, str(FILE))
        return
    else:
        transport = protocol.response_stream(200, BINARY_TYPE)
        for _ in range(CHUNK_COUNT):
            await transport.send_bytes(CHUNK)
        return
    protocol.response_bytes(200, JSON_TYPE, body)
