"""What is asked of each server, and the answer without which it is not measured."""

import json
from dataclasses import dataclass

MEBIBYTE = 1_048_576
ITEMS = [{"id": n, "name": f"item number {n}", "price": n + 0.25, "tags": ["a", "b"]} for n in range(1, 16)]


@dataclass(frozen=True)
class Scenario:
    """One kind of request.

    Attributes:
        name: As typed on the command line.
        title: As printed.
        path: The path and query.
        script: The wrk script in `lua/` that makes the requests.
        method: What the check before the measurement sends.
        body: The same, with this body.
        answer: The JSON value that a right answer holds; `None` if it is `size` bytes of anything.
        size: The length of a right answer, where `answer` is `None`.
    """

    name: str
    title: str
    path: str
    script: str = "report.lua"
    method: str = "GET"
    body: bytes | None = None
    answer: object = None
    size: int = 0

    def is_right(self, status: int, body: bytes) -> bool:
        """Tell whether a server answered this scenario as asked, so that errors are not taken for speed."""
        if status != 200:
            return False
        if self.answer is None:
            return len(body) == self.size
        return bool(json.loads(body) == self.answer)


HELLO = {"message": "Hello, World!"}

SCENARIOS = (
    Scenario("json", "GET /json, small request", "/json", answer=HELLO),
    Scenario("browser", "the same, a browser's 13 fields", "/json", "browser.lua", answer=HELLO),
    Scenario("param", "GET /users/123", "/users/123", answer={"id": "123"}),
    Scenario(
        "post",
        "POST 1 kB of JSON",
        "/items",
        "post.lua",
        "POST",
        json.dumps({"items": ITEMS}).encode(),
        {"items": len(ITEMS)},
    ),
    Scenario("pipeline", "GET /json, 16 deep", "/json", "pipeline.lua", answer=HELLO),
    Scenario("close", "Connection: close", "/json", "close.lua", answer=HELLO),
    Scenario("upload", "POST 1 MiB", "/upload", "upload.lua", "POST", b"u" * MEBIBYTE, {"size": MEBIBYTE}),
    Scenario("download", "GET a file of 1 MiB", "/file", size=MEBIBYTE),
    Scenario("stream", "stream of 64 x 16 KiB", "/stream", size=MEBIBYTE),
)
