"""Functions that make their thread wait, by name.

On an event loop they make every other request wait too. Each is given by its full name, or by its package, with
what it does and what to use instead.
"""

from __future__ import annotations

import sys
from typing import Any, Final, NamedTuple


class Blocking(NamedTuple):
    """A function that blocks.

    Attributes:
        does: What it does, after "it".
        instead: What to use in a coroutine function.
        short: Whether it commonly takes no longer than a few milliseconds.
    """

    does: str
    instead: str
    short: bool = False


_THREAD: Final = "await asyncio.to_thread(...)"
_SLEEP: Final = Blocking("sleeps", "await asyncio.sleep(...)")
_PROCESS: Final = Blocking("waits for another process", "await asyncio.create_subprocess_exec(...)")
_HTTP: Final = Blocking("waits for another server", "an asynchronous client, such as httpx.AsyncClient")
_LOOK_UP: Final = Blocking("waits for a name server", "the running loop's getaddrinfo()")
_CONNECT: Final = Blocking("waits for another server", "asyncio.open_connection(...)")
_DATABASE: Final = Blocking("waits for a database", f"an asynchronous driver, or {_THREAD}")
_MAIL: Final = Blocking("waits for a mail server", "request.submit_task(...)")
_FILE: Final = Blocking("waits for the disk", _THREAD, short=True)
_FILES: Final = Blocking("waits for the disk", _THREAD)
_HASH: Final = Blocking("computes for long, on purpose", _THREAD)
_INPUT: Final = Blocking("waits for somebody at the terminal", "a request")
_LOOP: Final = Blocking("runs a second event loop, which fails inside of a running one", "await")

FUNCTIONS: Final = {
    "time.sleep": _SLEEP,
    "subprocess.run": _PROCESS,
    "subprocess.call": _PROCESS,
    "subprocess.check_call": _PROCESS,
    "subprocess.check_output": _PROCESS,
    "subprocess.getoutput": _PROCESS,
    "subprocess.getstatusoutput": _PROCESS,
    "os.system": _PROCESS,
    "os.popen": _PROCESS,
    "os.wait": _PROCESS,
    "os.waitpid": _PROCESS,
    "urllib.request.urlopen": _HTTP,
    "urllib.request.urlretrieve": _HTTP,
    "socket.create_connection": _CONNECT,
    "socket.getaddrinfo": _LOOK_UP,
    "socket.gethostbyname": _LOOK_UP,
    "socket.gethostbyaddr": _LOOK_UP,
    "sqlite3.connect": _DATABASE,
    "psycopg.connect": _DATABASE,
    "psycopg2.connect": _DATABASE,
    "pymysql.connect": _DATABASE,
    "MySQLdb.connect": _DATABASE,
    "mysql.connector.connect": _DATABASE,
    "smtplib.SMTP": _MAIL,
    "smtplib.SMTP_SSL": _MAIL,
    "ftplib.FTP": _HTTP,
    "open": _FILE,
    "io.open": _FILE,
    "shutil.copytree": _FILES,
    "shutil.rmtree": _FILES,
    "shutil.move": _FILES,
    "shutil.make_archive": _FILES,
    "shutil.unpack_archive": _FILES,
    "shutil.copyfile": _FILE,
    "shutil.copy": _FILE,
    "shutil.copy2": _FILE,
    "hashlib.pbkdf2_hmac": _HASH,
    "hashlib.scrypt": _HASH,
    "bcrypt.hashpw": _HASH,
    "bcrypt.checkpw": _HASH,
    "input": _INPUT,
    "asyncio.run": _LOOP,
}

HTTP_METHODS: Final = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "request", "stream"}
)
HTTP_PACKAGES: Final = frozenset({"requests", "httpx", "urllib3"})


def blocking(name: str) -> Blocking | None:
    """Return what is known of a function by its full name, None if it is not known to block."""
    package, _, method = name.partition(".")
    if package in HTTP_PACKAGES and method.rpartition(".")[2] in HTTP_METHODS:
        return _HTTP
    return FUNCTIONS.get(name)


def name_of(function: Any) -> str | None:
    """Return the full name of a function: the one it is known by here, whatever module it was made in."""
    for name in FUNCTIONS:
        module, _, attribute = name.rpartition(".")
        if getattr(sys.modules.get(module or "builtins"), attribute, None) is function:
            return name
    home, own = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    # Where in its package it is kept is the package's own affair.
    return f"{home.partition('.')[0]}.{own}" if isinstance(home, str) and isinstance(own, str) else None
