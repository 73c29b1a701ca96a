"""What is taken for a secret, and that it is not shown."""

import pytest
from areion.dev._masking import MASK, Masker, is_secret
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "name",
    [
        "password", "PASSWORD", "user_password", "passwd", "pwd", "passphrase", "pass", "secret", "client_secret",
        "SECRET_KEY", "token", "accessToken", "refresh_tokens", "key", "api_key", "apiKey", "apikey", "X-API-Key",
        "AWS_ACCESS_KEY_ID", "private_key", "Authorization", "authorisation", "Proxy-Authorization", "auth",
        "cookie", "Set-Cookie", "session", "sessionid", "SESSION_ID", "credentials", "csrf", "xsrf_token", "jwt",
        "bearer", "creds", "signature", "otp", "pin", "cvv", "dsn", b"password",
    ],
)  # fmt: skip
def test_secret_names(name):
    """Names that speak of secrets, however they are written."""
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["keyboard", "monkey", "passenger_count", "author", "spin", "item", "user", "name", "", 1, None]
)
def test_innocent_names(name):
    """Names that merely hold such a word inside of another one, and what is no name."""
    assert not is_secret(name)


def test_value_of_a_secret_name():
    """The value of a secret name is not shown, whatever it is."""
    assert Masker().value("password", ["hunter2"]) == MASK


@pytest.mark.parametrize(
    "value",
    [
        {"password": "hunter2!"},
        {"user": {"api_key": "hunter2!"}},
        [{"token": "hunter2!"}],
        "User(name='ada', password='hunter2!')",
        'password: "hunter2!", name: "ada"',
        "token=hunter2!&x=1",
        "Authorization: Bearer hunter2!",
        "postgres://ada:hunter2!@db/shop",
        b"password=hunter2!",
        "LoginError: password=hunter2!",
        "reason='the token: hunter2!'",
        "a=b=c=secret=hunter2!",
        [("Accept", "*/*"), ("Authorization", "Bearer hunter2!")],
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2!\nhunter2!\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhunter2!",
        "eyJhbGciOiJIUzI1NiJ9.eyJodW50ZXIyIjoxfQ.hunter2",
    ],
)
def test_secrets_inside_of_values(value):
    """Secrets in dicts, in representations of objects, in queries, headers and addresses are masked."""
    shown = Masker().value("value", value)
    assert "hunter2" not in shown
    assert MASK in shown


def test_known_secrets_are_masked_everywhere():
    """A value that stood under a secret name is masked in any other text, also as the part behind a scheme."""
    masker = Masker()
    masker.learn([("authorization", "Bearer abc.def"), ("user", {"password": "x'y\nz1"}), ("n", 5)])
    assert masker.text("sent abc.def there") == f"sent {MASK} there"
    assert masker.value("message", "tried x'y\nz1 and failed") == f'"tried {MASK} and failed"'


def test_innocent_text_is_left_alone():
    """Short values and values of a bare `key` are not looked for in other text; empty ones are shown."""
    masker = Masker()
    masker.learn([("pin", "12"), ("key", "title"), ("token", None), ("password", "     ")])
    assert masker.text("12 monkeys, a title and 5 spaces:     ") == "12 monkeys, a title and 5 spaces:     "
    assert masker.text("f(password=None, token='')") == "f(password=None, token='')"


def test_source_is_masked_where_text_is_written_out():
    """In source, a secret's expression is shown, and its literal is not."""
    masker = Masker()
    assert masker.source('password = request.json["password"]') == 'password = request.json["password"]'
    assert masker.source("password = 'hunter2'  # x") == f"password = {MASK}  # x"


def test_data():
    """In parsed data, secret names are masked at any depth, and depth and length are bounded."""
    masker = Masker()
    data = {"user": {"password": "x", "name": "ada"}, "list": [{"token": 1}], "token": None}
    assert masker.data(data) == {
        "user": {"password": MASK, "name": "ada"},
        "list": [{"token": MASK}],
        "token": None,
    }
    deep: list = []
    for _ in range(100):
        deep = [deep]
    assert "…" in str(masker.data(deep))
    assert len(masker.data(list(range(1000)))) == 200


def test_objects_that_cannot_be_shown():
    """A failing repr is said to fail; huge and endless values are cut."""

    class Broken:
        def __repr__(self):
            raise RuntimeError

    masker = Masker()
    assert masker.value("x", Broken()) == "<Broken object; its repr() raised RuntimeError>"
    assert len(masker.value("x", b"a" * 10_000_000)) < 1000
    assert len(masker.value("x", "a" * 10_000_000)) < 1000
    assert len(masker.value("x", dict.fromkeys(range(100_000), "a" * 1000))) < 10_000
    endless: dict = {}
    endless["self"] = endless
    assert "…" in masker.value("x", endless)
    masker.learn([("x", endless)])


@given(st.text(min_size=5).filter(lambda text: text.strip() == text), st.text())
def test_what_was_learnt_never_shows(secret, text):
    """No text that was learnt is found in what is shown, in whatever it was embedded."""
    masker = Masker()
    masker.learn([("password", secret)])
    assert secret in MASK or secret not in masker.text(f"{text}{secret}{text}").replace(MASK, "\0")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tokens", ["x", "hunter2!"]),
        ("creds", ("ada", "hunter2!")),
        ("secrets", {"hunter2!"}),
        ("pwd", b"hunter2!"),
        ("config", type("Config", (), {"__init__": lambda self: setattr(self, "db_password", "hunter2!")})()),
    ],
)
def test_secrets_in_containers_and_attributes_are_known(name, value):
    """What lists, tuples and sets under a secret name hold is known, and what objects keep under one."""
    masker = Masker()
    masker.learn([(name, value)])
    assert masker.text("refused: hunter2!") == f"refused: {MASK}"


def test_objects_that_keep_nothing():
    """Objects without attributes, modules and classes are passed over, and none of their code runs."""

    class Odd:
        __slots__ = ()

        def __getattribute__(self, name):
            raise RuntimeError(name)

    masker = Masker()
    masker.learn([("odd", Odd()), ("module", pytest), ("kind", Odd), ("key", "hunter2!")])
    assert masker.text("hunter2!") == "hunter2!"


@pytest.mark.parametrize(
    "line", ['password: str = "hunter2!"', 'def f(token: list[str] | None="hunter2!"):', "secret='hunter2!'"]
)
def test_source_with_literals(line):
    """In source, text that is written out behind a secret name is masked, also behind an annotation."""
    assert "hunter2" not in Masker().source(line)
    assert Masker().source("password: str = read()") == "password: str = read()"


def test_surrogates_can_be_sent():
    """Surrogates, which stand for bytes that are no UTF-8, are escaped: no answer could be encoded."""
    assert Masker().text("x\udcff") == "x\\udcff"
    assert Masker().source("x\udcff") == "x\\udcff"
