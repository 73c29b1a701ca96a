"""Cookies (RFC 6265bis): the Cookie field is read leniently, Set-Cookie is written strictly.

What a client sends is never an error: parts that are no cookie are passed over. What an application sends is
checked octet by octet and refused with a ``ValueError`` that says what to change; nothing is quoted or
encoded behind its back, so a value that ``format_set_cookie`` accepts is the value that ``parse_cookies``
gives back. Nothing here signs, encrypts or stores.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from areion_http._httpdate import format_http_date, parse_http_date

# Browsers keep at most 180 (Chromium, Firefox) to 600 (Safari) cookies for one site.
MAX_COOKIES: Final = 1000
# RFC 6265bis §5.7: a user agent ignores a cookie whose name and value exceed 4096 octets together...
MAX_NAME_AND_VALUE: Final = 4096
# ...and an attribute whose value exceeds 1024.
MAX_ATTRIBUTE: Final = 1024

# RFC 9110 §5.6.2, token.
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
# RFC 6265bis §4.1.1, cookie-octet: no controls, space, double quote, comma, semicolon, backslash.
_VALUE: Final = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*\Z")
# path-value: any character except controls and the semicolon; a user agent takes only those that start with
# "/".
_PATH: Final = re.compile(r"/[\x20-\x3a\x3c-\x7e]*\Z")
_LABEL: Final = r"[0-9A-Za-z_](?:[0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?"
_DOMAIN: Final = re.compile(rf"\.?{_LABEL}(?:\.{_LABEL})*\Z")

_SAME_SITE: Final = {"lax": "Lax", "strict": "Strict", "none": "None"}
# RFC 6265bis §4.1.3: user agents compare the prefixes without regard to case.
_PREFIXES: Final = ("__secure-", "__host-")


def parse_cookies(header: str) -> dict[str, str]:
    """Read the value of a Cookie field; never raises.

    Pairs are split at semicolons, blanks around names and values dropped, and a pair of double quotes around
    a value removed. A part without a name or without ``=`` is passed over. Of two cookies of one name the
    **first**
    wins: a user agent sends those with the longer, more specific path first (RFC 6265bis §5.8.3). Values are
        not
    percent-decoded. After ``MAX_COOKIES`` parts the rest is not looked at.

    >>> parse_cookies('theme=dark; id="42"; theme=light; broken')
    {'theme': 'dark', 'id': '42'}

    Args:
        header: The field's value; several fields are joined with ``"; "`` first.

    Returns:
        Names and values, in the order of the field.
    """
    cookies: dict[str, str] = {}
    parts = header.split(";", MAX_COOKIES)
    for part in parts[:MAX_COOKIES]:
        name, equals, value = part.partition("=")
        name = name.strip(" \t")
        if not equals or not name or name in cookies:
            continue
        value = value.strip(" \t")
        if len(value) >= 2 and value[0] == value[-1] == '"':
            value = value[1:-1]
        cookies[name] = value
    return cookies


def format_set_cookie(
    name: str,
    value: str,
    *,
    max_age: int | timedelta | None = None,
    expires: datetime | int | str | None = None,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: str | None = "lax",
    partitioned: bool = False,
) -> str:
    """Build the value of a Set-Cookie field.

    >>> format_set_cookie("__Host-session", "abc", max_age=3600, secure=True, httponly=True)
    '__Host-session=abc; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax'

    Args:
        name: A token. ``__Secure-`` demands ``secure``; ``__Host-`` also ``path="/"`` and no ``domain``.
        value: Visible ASCII without double quote, comma, semicolon and backslash. Anything else must be
            encoded first, for instance with ``urllib.parse.quote`` or ``base64.urlsafe_b64encode``.
        max_age: Lifetime in seconds or as a timedelta; zero or less deletes. It wins over ``expires``.
        expires: The end of the lifetime: an aware datetime, Unix time in seconds, or an HTTP-date.
        path: Where the cookie is sent to; ``None`` leaves it to the user agent.
        domain: Sends the cookie to this host *and all below it*; ``None``, the safer choice, to this host
            only.
        secure: Only over TLS.
        httponly: Not readable by scripts.
        samesite: ``"lax"``, ``"strict"``, ``"none"`` (demands ``secure``), or ``None`` for no attribute.
        partitioned: Kept apart for each top-level site (CHIPS); demands ``secure``.

    Returns:
        The field value, without the field's name.

    Raises:
        ValueError: If anything given may not stand in the field, or a user agent would ignore the cookie.
    """
    _check_name_and_value(name, value)
    parts = [f"{name}={value}"]
    if max_age is not None:
        parts.append(f"Max-Age={_seconds(max_age)}")
    if expires is not None:
        parts.append(f"Expires={_expiry(expires)}")
    if domain is not None:
        parts.append(f"Domain={_domain(domain)}")
    if path is not None:
        parts.append(f"Path={_path(path)}")
    if secure:
        parts.append("Secure")
    if httponly:
        parts.append("HttpOnly")
    if samesite is not None:
        same_site = _same_site(samesite)
        if same_site == "None" and not secure:
            raise ValueError(f"cookie {name}: samesite='none' demands secure=True, else it would be ignored")
        parts.append(f"SameSite={same_site}")
    if partitioned:
        if not secure:
            raise ValueError(f"cookie {name}: partitioned=True demands secure=True, else it would be ignored")
        parts.append("Partitioned")
    _check_prefix(name, path, domain, secure=secure)
    return "; ".join(parts)


def format_delete_cookie(
    name: str,
    *,
    path: str | None = "/",
    domain: str | None = None,
    secure: bool = False,
    httponly: bool = False,
    samesite: str | None = "lax",
    partitioned: bool = False,
) -> str:
    """Build the value of a Set-Cookie field that deletes a cookie.

    A user agent deletes the cookie of the same name, ``path``, ``domain`` and ``partitioned``, so give those
    that it was set with. ``Secure`` is added where the name's prefix or another attribute demands it.

    >>> format_delete_cookie("theme")
    'theme=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; SameSite=Lax'

    Raises:
        ValueError: As ``format_set_cookie``.
    """
    demanded = (
        partitioned
        or (samesite is not None and _same_site(samesite) == "None")
        or str(name).lower().startswith(_PREFIXES)
    )
    return format_set_cookie(
        name,
        "",
        max_age=0,
        expires=0,
        path=path,
        domain=domain,
        secure=secure or demanded,
        httponly=httponly,
        samesite=samesite,
        partitioned=partitioned,
    )


def _check_name_and_value(name: object, value: object) -> None:
    if not isinstance(name, str) or _NAME.match(name) is None:
        raise ValueError(f"cookie name: expected a token (RFC 9110 §5.6.2), got {name!r}")
    if not isinstance(value, str):
        raise _unexpected(f"cookie {name}", "a str as value", value)
    if _VALUE.match(value) is None:
        bad = next(char for char in value if _VALUE.match(char) is None)
        raise ValueError(
            f"cookie {name}: {bad!r} may not stand in a value (RFC 6265bis §4.1.1); "
            "encode it, for instance with urllib.parse.quote"
        )
    if len(name) + len(value) > MAX_NAME_AND_VALUE:
        raise ValueError(
            f"cookie {name}: name and value have {len(name) + len(value)} octets, and user agents ignore "
            f"cookies over {MAX_NAME_AND_VALUE} (RFC 6265bis §5.7); keep the data on the server"
        )


def _check_prefix(name: str, path: str | None, domain: str | None, *, secure: bool) -> None:
    """Enforce what a name's prefix promises (RFC 6265bis §4.1.3)."""
    lowered = name.lower()
    if lowered.startswith(_PREFIXES) and not secure:
        raise ValueError(f"cookie {name}: its prefix demands secure=True, else it would be ignored")
    if lowered.startswith("__host-") and (path != "/" or domain is not None):
        raise ValueError(
            f"cookie {name}: the prefix __Host- demands path='/' and no domain, "
            f"got path={path!r}, domain={domain!r}"
        )


def _unexpected(what: str, expected: str, got: object) -> ValueError:
    return ValueError(f"{what}: expected {expected}, got {got!r}")


def _same_site(samesite: object) -> str:
    value = _SAME_SITE.get(samesite.lower()) if isinstance(samesite, str) else None
    if value is None:
        raise _unexpected("samesite", "'lax', 'strict', 'none' or None", samesite)
    return value


def _seconds(max_age: object) -> int:
    if isinstance(max_age, timedelta):
        return int(max_age.total_seconds())
    if not isinstance(max_age, int) or isinstance(max_age, bool):
        raise _unexpected("max_age", "seconds as an int, or a timedelta", max_age)
    if abs(max_age) > 10**18:
        raise ValueError("max_age: more seconds than any user agent reads")
    return max_age


def _expiry(expires: object) -> str:
    if isinstance(expires, str):
        moment = parse_http_date(expires)
        if moment is None:
            raise ValueError(
                f"expires: expected an HTTP-date as 'Sun, 06 Nov 1994 08:49:37 GMT', got {expires!r}"
            )
        return format_http_date(moment)
    if isinstance(expires, bool) or not isinstance(expires, (datetime, int, float)):
        raise _unexpected("expires", "an aware datetime, Unix time or an HTTP-date", expires)
    try:
        return format_http_date(expires)
    except ValueError as error:
        raise ValueError(f"expires: {error}") from None


def _domain(domain: object) -> str:
    if not isinstance(domain, str) or len(domain) > 254 or _DOMAIN.match(domain) is None:
        raise ValueError(
            f"domain: expected a host name in ASCII (internationalised ones as xn--…), got {domain!r}"
        )
    # RFC 6265bis §5.6.3: a leading dot means nothing any more.
    return domain.removeprefix(".").lower()


def _path(path: object) -> str:
    if not isinstance(path, str) or _PATH.match(path) is None:
        raise ValueError(
            f"path: expected ASCII that starts with '/', without ';' and controls, got {path!r}; "
            "percent-encode the rest"
        )
    if len(path) > MAX_ATTRIBUTE:
        raise ValueError(f"path: user agents ignore one of over {MAX_ATTRIBUTE} octets, got {len(path)}")
    return path
