"""What does not belong into a static folder."""

import pytest
from areion import AreionServerBuilder, DefaultRouter
from areion.check.files import check_static_files


@pytest.fixture
def found(tmp_path):
    """Put files into a static folder, and return what is said of them."""

    def look(*names, content="x"):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        server = AreionServerBuilder().with_router(DefaultRouter()).with_static_dir(tmp_path).build()
        return {
            (str(finding.severity), finding.code, finding.where.removeprefix(f"{tmp_path}/"))
            for finding in check_static_files(server)
        }

    return look


@pytest.mark.parametrize(
    "name",
    ["tls.key", "deep/er/app.sqlite3", "app.db-wal", "id_rsa", "dump.sql", "index.html~", "app.py", "settings.ini",
     "secrets.json", "Dockerfile", "compose.yaml", "access.log", "backup.BAK"],
)  # fmt: skip
def test_secrets(found, name):
    """Keys, databases, backups, sources and configurations can be downloaded: an error each."""
    assert found(name) == {("error", "static-secret", name)}


@pytest.mark.parametrize("name", [".env", ".env.production", ".git/config", ".htpasswd", ".aws/credentials"])
def test_hidden_secrets(found, name):
    """Hidden ones are not served here, and are one copy of the folder away from it."""
    assert found(name) == {("error", "static-secret", name.partition("/")[0])}


def test_harmless_hidden_file(found):
    """Another hidden file is worth a word; the folder for certificates' proofs is not."""
    assert found(".DS_Store", ".well-known") == {("advice", "static-dot-file", ".DS_Store")}


@pytest.mark.parametrize(
    "name", ["style.css", "app.js", "logo.svg", "data.json", "robots.txt", "fonts/a.woff2", "k.pem"]
)
def test_what_belongs_there(found, name):
    """Pages, scripts, pictures and public certificates are nothing to talk about."""
    assert found(name) == set()


def test_key_in_a_file_for_certificates(found):
    """A .pem file is looked into: a certificate is public, a key is not."""
    assert found("a.pem", content="-----BEGIN EC PRIVATE KEY-----\n") == {("error", "static-secret", "a.pem")}


def test_link_that_leads_out(found, tmp_path):
    """A link out of the folder answers 404; one inside of it is fine."""
    (tmp_path / "in.css").touch()
    (tmp_path / "inside").symlink_to(tmp_path / "in.css")
    (tmp_path / "outside").symlink_to("/etc/hostname")
    assert found() == {("advice", "static-link", "outside")}


def test_many_findings_are_cut_off(found, tmp_path):
    """A folder that is the project itself is said to be wrong as a whole."""
    names = [f"{number}.py" for number in range(30)]
    said = found(*names)
    assert len(said) == 21
    assert ("warning", "static-more", str(tmp_path)) in said


def test_folder_that_is_gone(found, tmp_path):
    """A folder that was there when the server was built may be gone."""
    server = AreionServerBuilder().with_router(DefaultRouter()).with_static_dir(tmp_path).build()
    server.static_dir = tmp_path / "gone"
    [finding] = check_static_files(server)
    assert finding.code == "static-missing"


def test_no_static_folder():
    """Without a static folder there is nothing to look at."""
    assert list(check_static_files(AreionServerBuilder().with_router(DefaultRouter()).build())) == []
