"""The documentation pages: Swagger UI, a light page without a framework, and the document itself.

Strategy: everything comes out of the installed package, and the Content-Security-Policy of each page
permits nothing else, so a page works with no network and can call no other host. Pages hold no inline script
or style; addresses in them are relative, so they work behind any prefix. The document is built at the first
request.

How a document is made, and when the pages are registered, is not this module's matter.
"""

import hashlib
import html
import posixpath
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from string import Template
from typing import Final
from urllib.parse import urlsplit

from areion_http import HttpRequest, HttpResponse

from areion.dev.openapi import Document, dumps_openapi

Handler = Callable[[HttpRequest], HttpResponse]

# Path under assets/ → media type. Only what is listed is served.
ASSETS: Final[dict[str, str]] = {
    "docs.css": "text/css",
    "docs.js": "text/javascript",
    "light.css": "text/css",
    "light.js": "text/javascript",
    "swagger-ui/favicon-32x32.png": "image/png",
    "swagger-ui/swagger-ui-bundle.js": "text/javascript",
    "swagger-ui/swagger-ui.css": "text/css",
}

# Swagger UI's pictures are data: addresses in its style sheet; it needs no inline style and no eval.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'{hosts}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_HEADERS: Final = {
    # Kept, but asked for again each time: after an update of the package the page is new at once.
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to be served.

    Attributes:
        body: The bytes.
        media_type: Their type, without parameters.
        etag: Names the bytes, in quotes (RFC 9110 §8.8.3).
    """

    body: bytes
    media_type: str
    etag: str


def read_asset(name: str) -> bytes:
    """A file of this package's assets.

    Raises:
        FileNotFoundError: If the package is installed without it.
    """
    return files("areion.dev").joinpath("assets", *name.split("/")).read_bytes()


class DocsSite:
    """The documentation of one application, as handlers to be registered.

    Args:
        build_document: Makes the OpenAPI document; called once, at the first request that needs it. If it
            raises, so does the handler, and the next request tries again.
        docs_path: Where Swagger UI is; the light page is at `light` below it, their files at `assets`.
        openapi_path: Where the document is; also with `.json` after it.
    """

    def __init__(
        self,
        build_document: Callable[[], Document],
        *,
        docs_path: str = "/docs",
        openapi_path: str = "/openapi",
    ) -> None:
        self._build_document = build_document
        self._docs_path = docs_path
        self._openapi_path = openapi_path
        self._lock = threading.Lock()
        self._document: Document | None = None
        self._contents: dict[str, Content] = {}

    @property
    def document(self) -> Document:
        """The OpenAPI document; built when it is first asked for."""
        with self._lock:
            if self._document is None:
                self._document = self._build_document()
            return self._document

    def routes(self) -> Iterator[tuple[str, Handler]]:
        """Path and handler of everything to be served, all for GET.

        The handlers are sync, take the request alone, and read its `path` and its `get_header`.
        """
        yield self._openapi_path, self.openapi
        yield f"{self._openapi_path}.json", self.openapi
        yield self._docs_path, self.swagger_page
        yield f"{self._docs_path}/light", self.light_page
        for name, media_type in ASSETS.items():
            yield self._asset_path(name), partial(self.asset, name=name, media_type=media_type)

    def openapi(self, request: HttpRequest) -> HttpResponse:
        """The OpenAPI document as JSON."""
        return self._answer(request, "openapi", "application/json", lambda: dumps_openapi(self.document))

    def swagger_page(self, request: HttpRequest) -> HttpResponse:
        """Swagger UI."""
        return self._page(request, "docs.html", self._docs_path)

    def light_page(self, request: HttpRequest) -> HttpResponse:
        """The light page: the same operations without Swagger UI."""
        return self._page(request, "light.html", f"{self._docs_path}/light")

    def asset(self, request: HttpRequest, name: str, media_type: str) -> HttpResponse:
        """A file that a page needs."""
        return self._answer(request, name, media_type, partial(read_asset, name))

    def _asset_path(self, name: str) -> str:
        return f"{self._docs_path}/assets/{name}"

    def _page(self, request: HttpRequest, template: str, path: str) -> HttpResponse:
        """A page; its links are relative to the address that was asked for, with or without a last slash."""
        slashed = request.path.endswith("/")
        folder = path if slashed else posixpath.dirname(path)

        def render() -> bytes:
            addresses = {_placeholder(name): _link(self._asset_path(name), folder) for name in ASSETS}
            return (
                Template(read_asset(template).decode())
                .substitute(
                    addresses,
                    title=html.escape(str(self.document["info"]["title"])),
                    openapi=_link(f"{self._openapi_path}.json", folder),
                    docs=_link(self._docs_path, folder),
                    light=_link(f"{self._docs_path}/light", folder),
                )
                .encode()
            )

        policy = _POLICY.format(hosts="".join(f" {origin}" for origin in self._server_origins()))
        headers = {"Content-Security-Policy": policy}
        return self._answer(request, f"{template} {slashed}", "text/html", render, headers)

    def _server_origins(self) -> list[str]:
        """The other hosts that "try it out" may call: those that the application named as its servers."""
        parts = [urlsplit(str(server.get("url", ""))) for server in self.document.get("servers", ())]
        origins = [f"{one.scheme}://{one.netloc}" for one in parts if one.scheme in ("http", "https")]
        return [origin for origin in dict.fromkeys(origins) if not set(origin) & set(" ;,'\"{}")]

    def _answer(
        self,
        request: HttpRequest,
        key: str,
        media_type: str,
        read: Callable[[], bytes],
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        content = self._contents.get(key)
        if content is None:
            body = read()
            content = Content(body, media_type, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
            self._contents[key] = content
        sent = {**_HEADERS, **(headers or {}), "ETag": content.etag}
        if _is_known(request.get_header("If-None-Match"), content.etag):
            return HttpResponse(None, 304, headers=sent)
        return HttpResponse(content.body, content_type=content.media_type, headers=sent)


def _link(target: str, folder: str) -> str:
    """A relative address that keeps the last name, so that the browser's next one is relative to it."""
    parent, _, name = target.rpartition("/")
    return posixpath.normpath(f"{posixpath.relpath(parent or '/', folder)}/x")[:-1] + name


def _placeholder(name: str) -> str:
    """An asset's name in the templates: `swagger-ui/swagger-ui.css` → `swagger_ui_css`."""
    return name.rpartition("/")[2].replace("-", "_").replace(".", "_")


def _is_known(condition: str | None, etag: str) -> bool:
    """Whether the client has these bytes already (RFC 9110 §13.1.2)."""
    known = [one.strip().removeprefix("W/") for one in (condition or "").split(",")]
    return etag in known or known == ["*"]
