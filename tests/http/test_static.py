"""Facts about ``areion_http.static``: what is served from a directory, and everything that is not."""

import contextlib
import errno
import os
from types import SimpleNamespace

import pytest
from areion_http import _beneath
from areion_http._beneath import open_beneath
from areion_http.errors import NotFoundError
from areion_http.headers import Headers
from areion_http.static import StaticFiles, is_unsafe_name
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture
def tree(tmp_path):
    """A directory to serve, with a secret beside it."""
    root = tmp_path / "public"
    (root / "css" / "deep").mkdir(parents=True)
    (root / "hello.txt").write_text("hello")
    (root / "css" / "site.css").write_text("body {}")
    (root / "css" / "deep" / "x y é.txt").write_text("deep")
    (root / "docs").mkdir()
    (root / "docs" / "index.html").write_text("<h1>docs</h1>")
    (root / ".env").write_text("SECRET=1")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret")
    (root / "100%.txt").write_text("percent")
    (root / "%2e%2e").mkdir()
    (root / "%2e%2e" / "odd.txt").write_text("odd")
    (tmp_path / "secret.txt").write_text("SECRET")
    (tmp_path / "public2").mkdir()
    (tmp_path / "public2" / "x.txt").write_text("SECRET")
    return root


def fetch(files, path, method="GET", **fields):
    """Serve a path and return status and content."""
    headers = Headers({name.replace("_", "-"): value for name, value in fields.items()})
    with files.response_body(path).open(method, headers) as delivery:
        return delivery.status, b"".join(delivery.segments)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("hello.txt", b"hello"),
        ("css/site.css", b"body {}"),
        ("css/deep/x y é.txt", b"deep"),
        ("docs/index.html", b"<h1>docs</h1>"),
        ("100%.txt", b"percent"),
        ("%2e%2e/odd.txt", b"odd"),
    ],
)
def test_files_in_the_tree_are_served(tree, path, content):
    """Sub-folders too, which Areion 1 could not; the path is taken as decoded: a percent sign is one."""
    assert fetch(StaticFiles(tree), path) == (200, content)
    assert StaticFiles(tree).resolve(path) == tree / path


TRAVERSALS = [
    "../secret.txt",
    "css/../../secret.txt",
    "css/../hello.txt",
    "./hello.txt",
    "css/./site.css",
    "css/..",
    "..",
    ".",
    "...",
    "/etc/passwd",
    "//etc/passwd",
    "/hello.txt",
    "css//site.css",
    "hello.txt//",
    "/",
    "//",
    "..\\secret.txt",
    "css\\site.css",
    "\\etc\\passwd",
    "\\\\server\\share",
    "..%5csecret.txt",
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "..%2fsecret.txt",
    "%252e%252e%252fsecret.txt",
    "..%c0%afsecret.txt",
    "..\u2215secret.txt",
    "\uff0e\uff0e/secret.txt",
    "C:/Windows/win.ini",
    "c:hello.txt",
    "C:",
    "css/C:x",
    "file:///etc/passwd",
    "hello.txt\0",
    "hello.txt\0.png",
    "\0",
    "hello.txt\n",
    "hello.txt\r\n",
    "\x7f",
    "../public2/x.txt",
    ".env",
    ".git/config",
    "css/.hidden",
    "hello.txt/",
    "hello.txt/x",
    "missing",
    "css",
    "css/",
    "",
    "x" * 256,
    "é" * 128,
    "x/" * 3000,
    "a" * 5000,
    "\ud800",
    "hello.txt\udcff",
    "~root/.profile",
    "$HOME/x",
    "hello.txt ",
    "HELLO.TXT",
    "*",
]


@pytest.mark.parametrize("path", TRAVERSALS, ids=lambda path: ascii(path[:30]))
def test_everything_else_is_not_found(tree, path):
    """Dot segments, encoded ones, absolute paths, backslashes, drives, NUL, dot-files, folders, lengths."""
    with pytest.raises(NotFoundError):
        fetch(StaticFiles(tree), path)
    with pytest.raises(NotFoundError):
        StaticFiles(tree).resolve(path)


@pytest.mark.parametrize(
    "path", ["../x", "/x", "a//b", "a\\b", "C:x", "a\0", ".env", "x" * 256], ids=lambda path: ascii(path[:9])
)
def test_a_forbidden_text_is_refused_without_a_system_call(tree, path, monkeypatch):
    """What the text alone decides never reaches the file system."""
    files = StaticFiles(tree)
    monkeypatch.setattr(os, "open", lambda *a, **k: pytest.fail("the file system was asked"))
    with pytest.raises(NotFoundError):
        files.response_body(path)


def test_making_a_body_costs_no_system_call(tree, monkeypatch):
    """Resolving happens in FileBody.open, off the event loop."""
    files = StaticFiles(tree)
    monkeypatch.setattr(os, "open", lambda *a, **k: pytest.fail("the file system was asked"))
    assert files.response_body("hello.txt").path.endswith("hello.txt")


@pytest.mark.parametrize("walk", [True, False], ids=["by descriptors", "by names"])
class TestSymbolicLinks:
    """The same rules hold where directories can be walked by descriptors and where they cannot."""

    @pytest.fixture(autouse=True)
    def way(self, walk, monkeypatch):
        monkeypatch.setitem(_beneath.open_beneath.__kwdefaults__, "walk", walk)

    def test_plain_files_are_served(self, tree):
        """No link, no difference."""
        assert fetch(StaticFiles(tree), "css/site.css") == (200, b"body {}")
        assert fetch(StaticFiles(tree, index="index.html"), "docs/") == (200, b"<h1>docs</h1>")

    def test_links_inside_are_followed(self, tree):
        """To files and to folders, relative and absolute."""
        (tree / "link.txt").symlink_to("hello.txt")
        (tree / "styles").symlink_to(tree / "css", target_is_directory=True)
        (tree / "css" / "up").symlink_to("..")
        assert fetch(StaticFiles(tree), "link.txt") == (200, b"hello")
        assert fetch(StaticFiles(tree), "styles/site.css") == (200, b"body {}")
        assert fetch(StaticFiles(tree), "css/up/hello.txt") == (200, b"hello")

    @pytest.mark.parametrize(
        ("target", "path"),
        [
            ("../secret.txt", "link"),
            ("..", "link/secret.txt"),
            ("../public2", "link/x.txt"),
            ("/etc", "link/passwd"),
            ("/etc/passwd", "link"),
            ("/", "link/etc/passwd"),
            (".env", "link"),
            (".git", "link/config"),
            ("link", "link"),
            ("nowhere", "link"),
            (".", "link"),
            (".", "link/.env"),
        ],
    )
    def test_links_that_leave_are_not(self, tree, target, path):
        """Areion 1 followed them: to a file beside, a folder of the same beginning, a dot-file, itself, nothing."""
        (tree / "link").symlink_to(target)
        with pytest.raises(NotFoundError):
            fetch(StaticFiles(tree), path)

    def test_a_refused_link_is_told_to_the_operator(self, tree, caplog):
        """A link that leads out was made by somebody: the log names it and where it leads."""
        (tree / "link").symlink_to("../secret.txt")
        with pytest.raises(NotFoundError):
            fetch(StaticFiles(tree), "link")
        assert "public/link" in caplog.text
        assert "secret.txt" in caplog.text

    def test_a_chain_of_links_is_judged_by_its_end(self, tree):
        """Two links inside that lead out together."""
        (tree / "one").symlink_to("css/two")
        (tree / "css" / "two").symlink_to("../../secret.txt")
        with pytest.raises(NotFoundError):
            fetch(StaticFiles(tree), "one")

    def test_the_directory_itself_may_be_a_link_that_is_swapped(self, tree, tmp_path):
        """A release is swapped below a running server."""
        current = tmp_path / "current"
        current.symlink_to(tree)
        files = StaticFiles(current)
        assert fetch(files, "hello.txt") == (200, b"hello")
        (tree / "link.txt").symlink_to("hello.txt")
        assert fetch(files, "link.txt") == (200, b"hello")
        current.unlink()
        current.symlink_to(tmp_path / "public2")
        assert fetch(files, "x.txt") == (200, b"SECRET")

    def test_a_directory_that_disappears_is_not_found(self, tree, tmp_path):
        """The server goes on."""
        files = StaticFiles(tree)
        tree.rename(tmp_path / "moved")
        with pytest.raises(NotFoundError):
            fetch(files, "hello.txt")

    def test_pipes_are_not_opened_for_ever(self, tree):
        """A pipe without a writer neither blocks nor is served."""
        os.mkfifo(tree / "pipe")
        with pytest.raises(NotFoundError):
            fetch(StaticFiles(tree), "pipe")
        with pytest.raises(NotFoundError):
            StaticFiles(tree).resolve("pipe")


def swap_before(monkeypatch, module, name, change):
    """Call ``change`` once, right before the first call of ``module.name``."""
    real = getattr(module, name)
    done = []

    def racing(*args, **kwargs):
        if not done:
            done.append(True)
            change()
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, racing)


def test_a_link_put_in_after_the_check_is_not_followed(tree, monkeypatch):
    """Walking: between resolving a link and opening its target, the target becomes a link out."""
    (tree / "link.txt").symlink_to("hello.txt")
    resolve = _beneath._resolve

    def resolve_then_swap(*args):
        result = resolve(*args)
        (tree / "hello.txt").unlink()
        (tree / "hello.txt").symlink_to("../secret.txt")
        return result

    monkeypatch.setattr(_beneath, "_resolve", resolve_then_swap)
    with pytest.raises(NotFoundError):
        fetch(StaticFiles(tree), "link.txt")


def test_a_folder_that_becomes_a_link_on_the_way_is_not_followed(tree, tmp_path, monkeypatch):
    """Walking: a folder is swapped for a link between two steps."""

    def swap():
        (tree / "css").rename(tmp_path / "old")
        (tree / "css").symlink_to(tmp_path / "public2")

    real = os.open
    calls = []

    def racing(path, flags, *args, **kwargs):
        calls.append(path)
        if len(calls) == 2:  # the root is open, "css" is next
            swap()
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", racing)
    (tmp_path / "public2" / "site.css").write_text("SECRET")
    with pytest.raises(NotFoundError):
        fetch(StaticFiles(tree), "css/site.css")


def test_a_name_that_changes_its_meaning_while_it_is_opened_is_refused(tree, monkeypatch):
    """By names: what was opened is compared with what the name means afterwards."""
    target = tree / "hello.txt"

    def swap():
        target.unlink()
        target.symlink_to("../secret.txt")

    swap_before(monkeypatch, os, "open", swap)
    with pytest.raises(FileNotFoundError):
        open_beneath(str(tree), ["hello.txt"], lambda segments: True, walk=False)


def test_a_replaced_file_is_refused_too(tree, monkeypatch):
    """By names: another file of the same name is not the one that was judged."""
    really_open = os.open

    def open_then_replace(path, flags):
        descriptor = really_open(path, flags)
        (tree / "new").write_text("new")
        (tree / "new").replace(tree / "hello.txt")
        return descriptor

    monkeypatch.setattr(os, "open", open_then_replace)
    with pytest.raises(FileNotFoundError):
        open_beneath(str(tree), ["hello.txt"], lambda segments: True, walk=False)


def test_dot_files_can_be_allowed(tree):
    """hidden=True serves .well-known and its like, and still no dot segments."""
    files = StaticFiles(tree, hidden=True)
    assert fetch(files, ".env") == (200, b"SECRET=1")
    assert fetch(files, ".git/config") == (200, b"secret")
    for path in ("..", ".", "../secret.txt", ".git/../.env"):
        with pytest.raises(NotFoundError):
            fetch(files, path)


def test_an_index_stands_for_its_folder(tree):
    """A folder with a slash serves its index, without one it redirects, without an index it is not found."""
    files = StaticFiles(tree, index="index.html")
    assert fetch(files, "docs/") == (200, b"<h1>docs</h1>")
    assert files.resolve("docs/") == tree / "docs" / "index.html"
    with files.response_body("docs/").open("GET", Headers()) as delivery:
        assert dict(delivery.headers)["Content-Type"] == "text/html; charset=utf-8"
    with files.response_body("docs").open("GET", Headers()) as delivery:
        assert (delivery.status, delivery.headers, delivery.segments) == (301, [("Location", "./docs/")], [])
    for path in ("css/", "", "hello.txt/"):
        with pytest.raises(NotFoundError):
            fetch(files, path)
    with pytest.raises(NotFoundError):
        files.resolve("docs")
    (tree / "index.html").write_text("root")
    assert fetch(files, "") == (200, b"root")


def test_a_redirect_is_encoded(tree):
    """RFC 9110 §10.2.2: the folder's name cannot break out of Location, nor be read as a scheme."""
    files = StaticFiles(tree, index="index.html")
    for name, location in (("_a:b é", "./_a%3Ab%20%C3%A9/"), ("x?#", "./x%3F%23/")):
        (tree / name).mkdir()
        with files.response_body(name).open("GET", Headers()) as delivery:
            assert delivery.headers == [("Location", location)]


def test_an_instance_is_a_handler(tree):
    """Called with a request and the rest of its path; the request's own path tells about the final slash."""
    files = StaticFiles(tree, index="index.html")
    assert files(SimpleNamespace(path="/static/hello.txt"), "hello.txt").open("GET", Headers()).status == 200
    assert files(SimpleNamespace(path="/static/docs"), "docs").open("GET", Headers()).status == 301
    assert files(SimpleNamespace(path="/static/docs/"), "docs").open("GET", Headers()).status == 200
    assert files(SimpleNamespace(path="/static/docs/"), "docs/").open("GET", Headers()).status == 200
    with pytest.raises(NotFoundError):
        files(SimpleNamespace(path="/static/")).open("GET", Headers())


def test_conditions_and_ranges_hold_for_static_files(tree):
    """The same answers as for any file, none of which Areion 1 had: ETag and 304, 206, HEAD."""
    files = StaticFiles(tree, cache_control="max-age=3600")
    os.utime(tree / "hello.txt", (1e9, 1e9))
    with files.response_body("hello.txt").open("GET", Headers()) as delivery:
        headers = dict(delivery.headers)
    assert headers["Cache-Control"] == "max-age=3600"
    assert fetch(files, "hello.txt", If_None_Match=headers["ETag"])[0] == 304
    assert fetch(files, "hello.txt", Range="bytes=1-2") == (206, b"el")
    assert fetch(files, "hello.txt", method="HEAD") == (200, b"")


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "denied"), PermissionError(errno.EPERM, "no")]
)
def test_a_file_that_may_not_be_read_is_logged_and_not_found(tree, monkeypatch, caplog, error):
    """The client learns nothing; the log names the file and the reason."""

    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(NotFoundError):
        fetch(StaticFiles(tree), "hello.txt")
    assert "hello.txt" in caplog.text
    assert error.strerror in caplog.text


def test_the_servers_own_trouble_is_no_404(tree, monkeypatch):
    """Descriptors used up must not look like a missing file to caches."""

    def refuse(*args, **kwargs):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        fetch(StaticFiles(tree), "hello.txt")


def test_no_descriptor_is_left_open(tree):
    """Not by files, folders, links, redirects or refusals."""
    files = StaticFiles(tree, index="index.html")
    (tree / "link").symlink_to("css/site.css")
    (tree / "out").symlink_to("/etc/passwd")
    before = len(os.listdir("/proc/self/fd"))
    for path in ("hello.txt", "docs/", "docs", "css/", "css/deep/none/x", "link", "out", "hello.txt/", ""):
        try:
            fetch(files, path)
        except NotFoundError:
            continue
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_descriptor_is_closed_when_looking_at_it_fails(tree, monkeypatch):
    """No descriptor leaks on an error between opening and answering."""
    real = os.close
    closed = []

    def fail(descriptor):
        raise OSError(errno.EIO, "broken")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", fail)
        patch.setattr(os, "close", lambda descriptor: closed.append(descriptor) or real(descriptor))
        with contextlib.suppress(OSError):
            fetch(StaticFiles(tree), "hello.txt")
    assert len(closed) == 2  # the root's and the file's


def test_the_directory_must_exist(tmp_path):
    """A mistake in a path is told at once, with the whole path."""
    with pytest.raises(ValueError, match=r"/nowhere' does not exist"):
        StaticFiles(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"/file' is not a directory"):
        StaticFiles(str(tmp_path / "file"))


@pytest.mark.parametrize("index", ["", "a/b.html", "..", ".hidden", "a\\b", "a\0"])
def test_an_index_is_a_plain_name(tmp_path, index):
    """It is joined to every folder, so it must stay inside."""
    with pytest.raises(ValueError, match="index"):
        StaticFiles(tmp_path, index=index)


def test_a_cache_control_that_cannot_be_sent_is_refused(tmp_path):
    """CR and LF fail where they are given."""
    with pytest.raises(ValueError, match="Cache-Control"):
        StaticFiles(tmp_path, cache_control="no\r\n")


def test_a_relative_directory_is_fixed_at_construction(tree, monkeypatch):
    """Changing the working directory later changes nothing."""
    monkeypatch.chdir(tree.parent)
    files = StaticFiles("public")
    monkeypatch.chdir("/")
    assert fetch(files, "hello.txt") == (200, b"hello")
    assert repr(files) == f"StaticFiles('{tree}')"


@pytest.mark.parametrize(
    "name",
    [
        "con",
        "NUL",
        "com1.txt",
        "Aux.tar.gz",
        "lpt¹",
        "file.txt::$DATA",
        "name.",
        "name ",
        "a?b",
        "conin$",
    ],
)
def test_windows_own_names_are_refused_there(name):
    """Devices, streams, and other spellings of a name."""
    assert is_unsafe_name(name, windows=True)
    assert not is_unsafe_name(name, windows=False)


@pytest.mark.parametrize("name", ["console", "nullable.txt", "com10", "a.b", "ä"])
def test_plain_names_are_safe_everywhere(name):
    """Only the device names themselves are refused."""
    assert not is_unsafe_name(name, windows=True)
    assert not is_unsafe_name(name, windows=False)


pieces = st.sampled_from(
    [
        "..",
        ".",
        "",
        "/",
        "\\",
        "css",
        "hello.txt",
        "secret.txt",
        "public2",
        "x.txt",
        "\0",
        "%2e",
        "%2f",
        "C:",
        ".env",
        "é",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(st.lists(pieces, max_size=6), st.sampled_from(["/", "", "\\", "%2f"]))
def test_no_path_reaches_outside(tree, parts, separator):
    """Any combination gives a file of the tree, or not found."""
    path = separator.join(parts)
    try:
        found = StaticFiles(tree).resolve(path)
    except NotFoundError:
        return
    assert found.resolve().is_relative_to(tree)
    assert "SECRET" not in found.read_text()
