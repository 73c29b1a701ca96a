"""What must not be shown on an error page: the values of names that speak of secrets.

A value is masked where it stands under such a name, in a text that reads as such a name with a value, and wherever
else it turns up once it is known. Too much is masked rather than too little. How a page looks is not known here.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping
from itertools import islice
from types import ModuleType
from typing import Any, Final

MASK: Final = "••••••"

# Whole words of a name: "api_key" has the word "key", "keyboard" has not.
_WORDS: Final = frozenset(
    {
        "auth", "bearer", "cred", "creds", "csrf", "cvc", "cvv", "dsn", "jwt", "key", "keys", "otp", "pass",
        "pem", "pin", "private", "pwd", "salt", "sid", "signature", "ssn", "xsrf",
    }
)  # fmt: skip
# Of these the value is often innocent: the key of a dict, for one.
_VAGUE: Final = frozenset({"key", "keys", "private", "signature"})
# Parts of a name, wherever they stand: "accesstoken", "userPassword".
_STEMS: Final = "apikey|authori[sz]|cookie|credential|passphrase|passw|secret|session|token"
_SPEAKS: Final = re.compile(_STEMS, re.IGNORECASE)
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# What stands before a value inside of other text, as in name=value, "name": value, name: value; in source,
# an annotation may stand between, as in name: str = value.
_BEFORE: Final = re.compile(r"""([\w-]{1,60})['"]?\s*[=:]\s*""")
_BEFORE_LITERAL: Final = re.compile(r"""([\w-]{1,60})['"]?\s*(?::[\w .,|\[\]]{1,60}=|[=:])\s*""")
# The value: text in quotes, or whatever ends before a blank or a bracket.
_LITERAL: Final = re.compile(r"""b?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
_VALUE: Final = re.compile(_LITERAL.pattern + r"""|(?:Bearer |Basic )?[^\s,;&)}\]'"]+""")
_INNOCENT: Final = frozenset({"None", "True", "False", "''", '""'})
# What is a secret by its looks: the password in an address, a JSON Web Token (RFC 7519), a private key (RFC 7468).
_BY_LOOKS: Final = re.compile(
    r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
    r"|(?<=PRIVATE KEY-----)[^-]+(?=-----END|['\"]|\Z)"
)
# Shorter values would be found in innocent text.
_LEAST: Final = 5


def is_secret(name: object) -> bool:
    """Whether a name speaks of something that must not be shown."""
    text = name if isinstance(name, str) else str(name) if isinstance(name, bytes) else ""
    if _SPEAKS.search(text):
        return True
    return any(part.lower() in _WORDS for part in _PARTS.findall(text))


def sendable(text: str) -> str:
    """Return a text with an escape for each surrogate; UTF-8 has none."""
    return text.encode("utf-8", "backslashreplace").decode()


class Masker:
    """Masks secrets in what one page shows; it learns their values from what it is given first."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._repr = _Repr()

    def learn(self, pairs: Iterable[tuple[object, Any]]) -> None:
        """Remember the values of names that speak of secrets, in dicts inside of values and attributes too.

        Not of a name such as ``key`` alone: that is more often the key of a dict.
        """
        for name, value in pairs:
            if is_secret(name) and str(name).lower() not in _VAGUE:
                self._remember(value)
            # Not isinstance(), which asks the object: a proxy of nothing raises.
            elif issubclass(type(value), dict):
                self.learn((key, each) for key, each in islice(value.items(), 100) if each is not value)
            else:
                attributes = islice(_attributes(value).items(), 100)
                self.learn((key, each) for key, each in attributes if issubclass(type(each), (str, bytes)))

    def _remember(self, value: Any) -> None:
        kind = type(value)
        if issubclass(kind, (bytes, bytearray)):
            value, kind = bytes(value[:500]).decode("latin-1"), str
        if issubclass(kind, str):
            # "Bearer abc…": the part after the scheme is the secret, whoever else quotes it.
            candidates = {value[:500], value[:500].rpartition(" ")[2]}
            self._known.update(each for each in candidates if len(each) >= _LEAST and not each.isspace())
        elif issubclass(kind, (Mapping, list, tuple, set, frozenset)):
            for each in islice(value.values() if issubclass(kind, Mapping) else value, 100):
                if issubclass(type(each), (str, bytes)):
                    self._remember(each)

    def value(self, name: object, value: object) -> str:
        """Return how a named value is shown: a short text, with everything secret in it masked."""
        if is_secret(name):
            return MASK
        return self.text(self._repr.safe(value))

    def text(self, text: str) -> str:
        """Return a text with all that is known, or looks, secret in it masked."""
        return _without_named(self._without_known(sendable(text)), _BEFORE, _VALUE)

    def source(self, text: str) -> str:
        """Return source with what is known masked, and text that is written out behind a secret name."""
        return _without_named(self._without_known(sendable(text)), _BEFORE_LITERAL, _LITERAL)

    def _without_known(self, text: str) -> str:
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, MASK)
            quoted = repr(secret)[1:-1]
            if quoted != secret:
                text = text.replace(quoted, MASK)
        return _BY_LOOKS.sub(MASK, text)

    def data(self, value: Any, depth: int = 0) -> Any:
        """Return parsed data with the values of secret names masked."""
        if depth > 6:
            return "…"
        if isinstance(value, dict):
            items = islice(value.items(), 200)
            return {
                key: MASK if is_secret(key) and each is not None else self.data(each, depth + 1)
                for key, each in items
            }
        if isinstance(value, list):
            return [self.data(each, depth + 1) for each in value[:200]]
        return value


def _attributes(value: object) -> dict[str, Any]:
    """Return the attributes that an object keeps; none of a module or a class, which keep a program."""
    if issubclass(type(value), (ModuleType, type)):
        return {}
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def _without_named(text: str, before: re.Pattern[str], value: re.Pattern[str]) -> str:
    """Return a text with the values of secret names in it masked."""
    parts, shown, at = [], 0, 0
    while found := before.search(text, at):
        # Behind an innocent name the search goes on before its value, which may name others: "Error: token=…".
        at = found.end()
        secret = value.match(text, at) if is_secret(found[1]) else None
        if secret is not None and secret[0] not in _INNOCENT:
            parts += [text[shown:at], MASK]
            shown = at = secret.end()
    return "".join([*parts, text[shown:]])


class _Repr(reprlib.Repr):
    """Short representations of any object, in which failing ones do no harm."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = 15
        self.maxstring = 300
        self.maxlong = 80
        self.maxother = 300

    def safe(self, value: object) -> str:
        """Return a representation; of an object that has none, say so."""
        try:
            return self.repr(value)
        except Exception as error:  # noqa: BLE001 - any class may have any fault
            return f"<{type(value).__name__} object; its repr() raised {type(error).__name__}>"

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """Represent a dict with the values of secret names masked."""
        if level <= 0:
            return "{…}" if x else "{}"
        shown = [
            f"{self.repr1(key, level - 1)}: {MASK if is_secret(key) else self.repr1(value, level - 1)}"
            for key, value in islice(x.items(), self.maxdict)
        ]
        more = ["…"] if len(x) > self.maxdict else []
        return f"{{{', '.join(shown + more)}}}"

    def repr_tuple(self, x: tuple[Any, ...], level: int) -> str:
        """Represent a tuple; one of two may be a name with its value, as in a list of header fields."""
        if len(x) == 2 and level > 0 and is_secret(x[0]):
            return f"({self.repr1(x[0], level - 1)}, {MASK})"
        return super().repr_tuple(x, level)

    def repr_bytes(self, x: bytes, level: int) -> str:  # noqa: ARG002 - reprlib's signature
        """Represent bytes without going through all of them."""
        return repr(x[: self.maxstring]) + ("…" if len(x) > self.maxstring else "")

    def repr_instance(self, x: Any, level: int) -> str:  # noqa: ARG002 - reprlib's signature
        """Represent an object of any other class."""
        try:
            text = repr(x)
        except Exception as error:  # noqa: BLE001 - any class may have any fault
            return f"<{type(x).__name__} object; its repr() raised {type(error).__name__}>"
        if len(text) <= self.maxother:
            return text
        return text[: self.maxother] + "…"
