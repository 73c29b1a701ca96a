"""The requests that are fed to protocols and parsers inside the process: those of `lua/`, as bytes."""

import json
import random

from harness.scenarios import ITEMS

SMALL = b"GET /json HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
SYNC = b"GET /sync HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
PARAM = b"GET /users/123 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
PIPELINED = SMALL * 16

_BODY = json.dumps({"items": ITEMS}, separators=(",", ":")).encode()
POST = (
    b"POST /items HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)

_BROWSER = (
    b"GET /json HTTP/1.1\r\n"
    b"Host: 127.0.0.1:8080\r\n"
    b"Connection: keep-alive\r\n"
    b'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"\r\n'
    b"sec-ch-ua-mobile: ?0\r\n"
    b'sec-ch-ua-platform: "Linux"\r\n'
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 "
    b"Safari/537.36\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    b"Sec-Fetch-Mode: navigate\r\n"
    b"Referer: http://127.0.0.1:8080/list?page=%d\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    b'If-None-Match: "%08x"\r\n'
    b"Cookie: session=%016x; theme=dark\r\n"
    b"\r\n"
)


def browser_messages(count: int = 509) -> list[bytes]:
    """Return requests of a browser that differ in three fields, as from that many people."""
    chance = random.Random(1)
    return [
        _BROWSER % (chance.randrange(100_000), chance.randrange(2**32), chance.randrange(2**64))
        for _ in range(count)
    ]
