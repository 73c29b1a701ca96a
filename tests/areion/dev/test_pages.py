"""The documentation pages as handlers: what is served, with which header fields, from which files."""

import hashlib
import json
import re
import zipfile
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urljoin

import pytest
from areion.dev.pages import ASSETS, DocsSite, read_asset
from hatchling.builders.wheel import WheelBuilder

PACKAGE = Path(__file__).parents[3] / "packages/areion"


def document(**changes):
    return {
        "openapi": "3.1.0",
        "info": {"title": "A & <B>", "version": "1"},
        "paths": {},
    } | changes


def ask(path, condition=None):
    return SimpleNamespace(path=path, get_header=lambda name: condition)


def serve(site, path, condition=None):
    return dict(site.routes())[path.rstrip("/")](ask(path, condition))


def test_everything_is_served():
    """The document has two addresses, each page one, and each file one; nothing else is served."""
    paths = [path for path, _ in DocsSite(document).routes()]
    assert paths[:4] == ["/openapi", "/openapi.json", "/docs", "/docs/light"]
    assert paths[4:] == [f"/docs/assets/{name}" for name in ASSETS]


@pytest.mark.parametrize("path", ["/openapi", "/openapi.json"])
def test_document(path):
    """Both addresses give the same JSON."""
    response = serve(DocsSite(document), path)
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert json.loads(response.body) == document()


def test_document_is_built_once_and_late():
    """The document is built at the first request that needs it, and kept; one that fails is tried again."""
    built = []

    def build():
        built.append(1)
        if len(built) == 1:
            raise ValueError("not yet")
        return document()

    site = DocsSite(build)
    list(site.routes())
    serve(site, "/docs/assets/docs.css")
    assert built == []
    with pytest.raises(ValueError, match="not yet"):
        serve(site, "/openapi")
    for path in ("/openapi", "/docs", "/docs/light", "/openapi.json"):
        serve(site, path)
    assert len(built) == 2


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/docs/light", "/docs/light/"])
def test_pages_have_no_inline_code_and_working_links(path):
    """A page names only files that are served here, by relative addresses; text in it is escaped."""
    site = DocsSite(document)
    response = serve(site, path)
    assert response.content_type.startswith("text/html")
    page = response.body.decode()
    assert "A &amp; &lt;B&gt;" in page
    assert "<B>" not in page
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=|://", page)
    served = dict(site.routes())
    links = re.findall(r'(?:src|href|data-openapi)="([^"]*)"', page)
    assert links
    assert {urljoin(path, link) for link in links} <= served.keys()


@pytest.mark.parametrize("path", ["/docs", "/docs/light"])
def test_policy(path):
    """The policy permits files from here alone, without inline code and without eval."""
    policy = serve(DocsSite(document), path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_policy_admits_the_servers_of_the_document():
    """ "Try it out" may call the servers that the application names, and nothing that only looks like one."""
    servers = [
        {"url": "https://api.example.test/v1"},
        {"url": "/v2"},
        {"url": "https://api.example.test:8443"},
        {"url": "https://a.test; script-src *"},
        {"url": "https://{host}/x"},
        {"url": "javascript:alert(1)"},
    ]
    policy = serve(DocsSite(lambda: document(servers=servers)), "/docs").headers["Content-Security-Policy"]
    assert "connect-src 'self' https://api.example.test https://api.example.test:8443;" in policy
    assert policy.count("script-src") == 1


def test_header_fields_of_files():
    """A file has its type, is not sniffed, and is asked for again after an update."""
    response = serve(DocsSite(document), "/docs/assets/swagger-ui/swagger-ui.css")
    assert response.content_type.startswith("text/css")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.body == read_asset("swagger-ui/swagger-ui.css")


def test_known_bytes_are_not_sent_again():
    """A client that names the ETag gets 304 and no body (RFC 9110 §13.1.2)."""
    site = DocsSite(document)
    etag = serve(site, "/docs").headers["ETag"]
    for condition in (etag, f'"other", W/{etag}', "*"):
        response = serve(site, "/docs", condition)
        assert (response.status_code, response.body) == (304, None)
    assert serve(site, "/docs", '"other"').status_code == 200


def test_other_paths():
    """Both paths may be chosen; the links follow."""
    site = DocsSite(document, docs_path="/help/api", openapi_path="/schema")
    assert [path for path, _ in site.routes()][:4] == [
        "/schema",
        "/schema.json",
        "/help/api",
        "/help/api/light",
    ]
    assert b'data-openapi="../schema.json"' in serve(site, "/help/api").body


def test_vendored_files_are_as_recorded():
    """The files of Swagger UI have the hashes recorded with their version and licence; none is unrecorded."""
    folder = files("areion.dev").joinpath("assets", "swagger-ui")
    record = json.loads(folder.joinpath("VENDORED.json").read_text())
    assert record["package"] == "swagger-ui-dist"
    assert re.fullmatch(r"\d+\.\d+\.\d+", record["version"])
    assert record["license"] == "Apache-2.0"
    found = {
        entry.name: hashlib.sha256(entry.read_bytes()).hexdigest()
        for entry in folder.iterdir()
        if entry.name != "VENDORED.json"
    }
    assert found == record["sha256"]
    assert {"LICENSE", "NOTICE"} <= found.keys()


def test_wheel_contains_the_pages(tmp_path):
    """The built wheel has every file that the pages need, and the licences of what is not ours."""
    (wheel,) = WheelBuilder(str(PACKAGE)).build(directory=str(tmp_path), versions=["standard"])
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = [*ASSETS, "docs.html", "light.html", "swagger-ui/LICENSE", "swagger-ui/NOTICE"]
    assert {f"areion/dev/assets/{name}" for name in wanted} <= names
