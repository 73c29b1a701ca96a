"""Static files over real sockets: what is served, and what never is."""

import os

import pytest
from areion import AreionServerBuilder, DefaultRouter, create_file_response


@pytest.fixture
def tree(tmp_path):
    """A folder to serve, with a secret beside it."""
    root = tmp_path / "public"
    (root / "css" / "deep").mkdir(parents=True)
    (root / "index.html").write_text("<h1>home")
    (root / "css" / "site.css").write_text("body {}")
    (root / "css" / "deep" / "a b.js").write_text("1")
    (root / "grüße.txt").write_text("hallo")
    (root / "no-type").write_bytes(b"\0\1")
    (root / ".env").write_text("SECRET")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("SECRET")
    (root / "big.bin").write_bytes(bytes(range(256)) * 4096)
    (tmp_path / "secret.txt").write_text("SECRET")
    (root / "out.txt").symlink_to(tmp_path / "secret.txt")
    (root / "outdir").symlink_to(tmp_path)
    (root / "in.txt").symlink_to(root / "index.html")
    os.mkfifo(root / "pipe")
    return root


@pytest.fixture
def served(serve, tree):
    router = DefaultRouter()
    router.add_route("/", lambda request: "root")
    router.add_route("/missing", lambda request: create_file_response(str(tree / "none")))
    router.add_route("/folder", lambda request: create_file_response(tree))
    router.add_route(
        "/down", lambda request: create_file_response(tree / "index.html", download_name="x.html")
    )
    return serve(router, lambda b: b.with_static_dir(str(tree)))


@pytest.mark.parametrize(
    ("path", "content_type", "content"),
    [
        ("index.html", "text/html; charset=utf-8", b"<h1>home"),
        ("css/site.css", "text/css; charset=utf-8", b"body {}"),
        ("css/deep/a%20b.js", "text/javascript; charset=utf-8", b"1"),
        ("gr%C3%BC%C3%9Fe.txt", "text/plain; charset=utf-8", b"hallo"),
        ("no-type", "application/octet-stream", b"\0\1"),
        ("in.txt", "text/plain; charset=utf-8", b"<h1>home"),
    ],
)
def test_files_of_the_tree(served, path, content_type, content):
    """Sub-folders too, each with its type (the predecessor had one level and one type); HEAD has no body."""
    answer = served.http.get(f"/static/{path}")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (
        200,
        content_type,
        content,
    )
    head = served.http.head(f"/static/{path}")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "last-modified", "accept-ranges"):
        assert head.headers[name] == answer.headers[name]


ATTACKS = [
    "/static/../secret.txt", "/static/../../secret.txt", "/static/%2e%2e/secret.txt",
    "/static/%2e%2e%2fsecret.txt", "/static/..%2fsecret.txt", "/static/..%5csecret.txt",
    "/static/..\\secret.txt", "/static/%252e%252e/secret.txt", "/static/css/../../secret.txt",
    "/static/css/%2e%2e/%2e%2e/secret.txt", "/static//etc/passwd", "/static/%2fetc/passwd",
    "/static/%2Fetc%2Fpasswd", "/static/////etc/passwd", "/static/./.env", "/static/.env", "/static/%2eenv",
    "/static/.git/config", "/static/%2egit/config", "/static/css/../.env", "/static/out.txt",
    "/static/outdir/secret.txt", "/static/secret.txt%00.html", "/static/%00", "/static/index.html%00",
    "/static/..;/secret.txt", "/static/.%2e/secret.txt", "/static/%c0%ae%c0%ae/secret.txt",
    "/static/%uff0e%uff0e/secret.txt", "/static/C:/secret.txt", "/static/c%3a%5csecret.txt",
    "/static/pipe", "/static/css", "/static/css/", "/static/", "/static", "/static/index.html/",
    "/static/" + "a" * 5000, "/static/" + "../" * 50 + "etc/passwd", "/static/~root/.bashrc",
    "http://x/static/../secret.txt", "/static/index.html%20", "/static/%",
]  # fmt: skip


@pytest.mark.parametrize("target", ATTACKS)
def test_nothing_else(served, target):
    """Whatever the path says: 404 or 400, and no byte of a file outside."""
    answer = served.raw(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert answer.split()[1] in {b"404", b"400"}
    assert b"SECRET" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_other_methods_are_405(served, method):
    """With Allow; OPTIONS says the same."""
    answer = served.http.request(method, "/static/index.html")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    options = served.http.options("/static/index.html")
    assert (options.status_code, options.headers["allow"]) == (204, answer.headers["allow"])


def test_conditions(served):
    """If-None-Match and If-Modified-Since answer 304 without a body, If-Match 412."""
    first = served.http.get("/static/css/site.css")
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    for field in (
        {"If-None-Match": etag},
        {"If-None-Match": f'"x", {etag}'},
        {"If-Modified-Since": modified},
    ):
        answer = served.http.get("/static/css/site.css", headers=field)
        assert (answer.status_code, answer.content) == (304, b"")
        assert "content-length" not in answer.headers
    assert served.http.get("/static/css/site.css", headers={"If-None-Match": '"other"'}).status_code == 200
    assert served.http.get("/static/css/site.css", headers={"If-Match": '"other"'}).status_code == 412


def test_ranges(served):
    """One, several, from the end, and none that could be satisfied."""
    whole = bytes(range(256)) * 4096

    def get(ranges):
        return served.http.get("/static/big.bin", headers={"Range": f"bytes={ranges}"})

    one = get("10-19")
    assert (one.status_code, one.content) == (206, whole[10:20])
    assert one.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    assert get("-5").content == whole[-5:]
    assert get(f"{len(whole) - 3}-").content == whole[-3:]
    several = get("0-1,100-101")
    assert several.status_code == 206
    assert several.headers["content-type"].startswith("multipart/byteranges")
    beyond = get(f"{len(whole)}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    assert get("nonsense").status_code == 200
    assert served.http.get("/static/big.bin").content == whole


def test_file_responses_of_handlers(served):
    """A missing file and a folder are 404; a download has its name."""
    assert served.http.get("/missing").status_code == 404
    assert served.http.get("/folder").status_code == 404
    down = served.http.get("/down")
    assert down.headers["content-disposition"].startswith("attachment")
    assert "x.html" in down.headers["content-disposition"]


def test_a_file_may_change_while_the_server_runs(served, tree):
    """The next answer has the new content and another entity tag."""
    before = served.http.get("/static/index.html")
    (tree / "index.html").write_text("<h1>home, renovated")
    after = served.http.get("/static/index.html")
    assert after.text == "<h1>home, renovated"
    assert after.headers["etag"] != before.headers["etag"]
    (tree / "index.html").unlink()
    assert served.http.get("/static/index.html").status_code == 404


def test_the_users_routes_are_not_hidden(serve, tree):
    """Only what is below /static/ is files; a route beside it is found."""
    router = DefaultRouter()
    router.add_route("/static", lambda request: "mine")
    router.add_route("/statics/x", lambda request: "other")
    http = serve(router, lambda b: b.with_static_dir(tree)).http
    assert http.get("/static").text == "mine"
    assert http.get("/statics/x").text == "other"


def test_a_folder_that_does_not_exist_is_refused_at_once():
    """With the path in the message."""
    with pytest.raises(ValueError, match="no-such"):
        AreionServerBuilder().with_static_dir("no-such")
