"""What must not be shown on an error page: the values of names that speak of secrets.

A value is masked where it stands under such a name, in a text that reads as such a name with a value, and wherever
else it turns up once it is known. Too much is masked rather than too little. How a page looks is not known here.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

MASK: Final = "••••••"

# Whole words of a name: "api_key" has the word "key", "keyboard" has not.
_WORDS: Final = frozenset(
    {
        "auth", "bearer", "csrf", "cvc", "cvv", "dsn", "jwt", "key", "keys", "otp", "pass", "pem", "pin",
        "private", "pwd", "salt", "sid", "signature", "ssn", "xsrf",
    }
)  # fmt: skip
# Parts of a name, wherever they stand: "accesstoken", "userPassword".
_STEMS: Final = "apikey|authori[sz]|cookie|credential|passphrase|passw|secret|session|token"
_SPEAKS: Final = re.compile(_STEMS, re.IGNORECASE)
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# name=value, "name": value, name: value, inside of other text.
_NAMED: Final = re.compile(
    r"""(?P<name>[\w-]{1,60})(?P<sign>['"]?\s*[=:]\s*)"""
    r"""(?P<value>b?'(?:[^'\\]|\\.)*'|b?"(?:[^"\\]|\\.)*"|(?:Bearer |Basic )?[^\s,;&)}\]'"]+)"""
)
# The same, where the value is text in quotes.
_LITERAL: Final = re.compile(
    r"""(?P<name>[\w-]{1,60})(?P<sign>['"]?\s*[=:]\s*)(?P<value>b?'(?:[^'\\]|\\.)*'|b?"(?:[^"\\]|\\.)*")"""
)
_IN_URL: Final = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
# Shorter values would be found in innocent text.
_LEAST: Final = 5


def is_secret(name: object) -> bool:
    """Whether a name speaks of something that must not be shown."""
    text = name if isinstance(name, str) else str(name) if isinstance(name, bytes) else ""
    if _SPEAKS.search(text):
        return True
    return any(part.lower() in _WORDS for part in _PARTS.findall(text))


class Masker:
    """Masks secrets in what one page shows; it learns their values from what it is given first."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._repr = _Repr()

    def learn(self, pairs: Iterable[tuple[object, object]]) -> None:
        """Remember the values of names that speak of secrets, in dicts inside of values too.

        Not of a name such as ``key`` alone: that is more often the key of a dict.
        """
        for name, value in pairs:
            if is_secret(name) and str(name).lower() not in _WORDS:
                self._remember(value)
            elif isinstance(value, dict):
                self.learn((key, each) for key, each in islice(value.items(), 100) if each is not value)

    def _remember(self, value: object) -> None:
        if isinstance(value, (bytes, bytearray)):
            value = bytes(value[:500]).decode("latin-1")
        if isinstance(value, str):
            # "Bearer abc…": the part after the scheme is the secret, whoever else quotes it.
            candidates = {value[:500], value[:500].rpartition(" ")[2]}
            self._known.update(each for each in candidates if len(each) >= _LEAST and not each.isspace())
        elif isinstance(value, Mapping):
            for each in islice(value.values(), 100):
                if isinstance(each, (str, bytes)):
                    self._remember(each)

    def value(self, name: object, value: object) -> str:
        """Return how a named value is shown: a short text, with everything secret in it masked."""
        if is_secret(name):
            return MASK
        return self.text(self._repr.safe(value))

    def text(self, text: str) -> str:
        """Return a text with all that is known, or looks, secret in it masked."""
        return _NAMED.sub(_mask_named, self._without_known(text))

    def source(self, text: str) -> str:
        """Return source with what is known masked, and text that is written out behind a secret name."""
        return _LITERAL.sub(_mask_named, self._without_known(text))

    def _without_known(self, text: str) -> str:
        for secret in sorted(self._known, key=len, reverse=True):
            text = text.replace(secret, MASK)
            quoted = repr(secret)[1:-1]
            if quoted != secret:
                text = text.replace(quoted, MASK)
        return _IN_URL.sub(MASK, text)

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


def _mask_named(match: re.Match[str]) -> str:
    if not is_secret(match["name"]) or match["value"] in {"None", "True", "False", "''", '""'}:
        return match[0]
    return f"{match['name']}{match['sign']}{MASK}"


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
