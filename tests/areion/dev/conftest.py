"""A headless Chromium, driven through its DevTools protocol."""

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
    "--remote-debugging-port=0",
    # No name but the loopback address means anything: the pages must work with no network.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)

# Seconds. Generous: a loaded machine starts Chromium slowly; a page that does not do what it must fails late.
PATIENCE = 60

WATCH_POLICY = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  (event) => window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""


class Page:
    """One tab: loads an address, runs scripts in it, and remembers what it asked for and complained about."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._session = ""
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH_POLICY)

    def call(self, method: str, **params: object) -> dict:
        """Run one command; events that arrive meanwhile are noted."""
        wanted = next(self._ids)
        message = {"id": wanted, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": self._session} if self._session else {})))
        while True:
            answer = json.loads(self._socket.recv(timeout=PATIENCE))
            if answer.get("id") == wanted:
                assert "error" not in answer, f"{method}: {answer}"
                return answer["result"]
            self._note(answer)

    def _note(self, event: dict) -> None:
        params = event.get("params", {})
        if event.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"]))
        elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")

    def open(self, url: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=url)

    def run(self, expression: str) -> object:
        """The value of an expression in the page; a promise is awaited."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, f"{expression}: {found['exceptionDetails']}"
        return found["result"].get("value")

    def wait(self, expression: str) -> object:
        """Wait until an expression is true in the page, and give its value."""
        until = time.monotonic() + PATIENCE
        while not (value := self.run(expression)):
            assert time.monotonic() < until, f"never true: {expression}; page: {self.text()[:2000]}"
            time.sleep(0.02)
        return value

    def text(self) -> str:
        """What the page shows."""
        return str(self.run("document.body.innerText"))

    def type_into(self, selector: str, text: str) -> None:
        """Type into a field, and leave it."""
        field = f"document.querySelector({json.dumps(selector)})"
        self.wait(f"{field} !== null && !{field}.disabled")
        self.run(f"{field}.focus()")
        self.call("Input.insertText", text=text)
        self.run(f"{field}.blur()")

    def click(self, selector: str) -> None:
        """Click what a selector finds, once it is there."""
        self.wait(f"document.querySelector({json.dumps(selector)}) !== null")
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def violations(self) -> object:
        """What the page's Content-Security-Policy refused."""
        return self.run("window.violations")

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the page."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


def find_chromium() -> str:
    """The browser; without one the tests fail, for a page that nobody has looked at is not tested."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(f"no Chromium found: install the package 'chromium' (looked for {', '.join(NAMES)})")
    return found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientConnection]:
    """A Chromium with an empty profile, and the connection to it."""
    profile = tmp_path_factory.mktemp("chromium")
    command = [find_chromium(), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    log = profile / "stderr.txt"
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True)
    try:
        with connect(_debugger(process, profile, log), max_size=None, proxy=None) as socket:
            yield socket
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


def _debugger(process: subprocess.Popen, profile: Path, log: Path) -> str:
    """Where the browser listens, which it writes into its profile."""
    until = time.monotonic() + PATIENCE
    port = profile / "DevToolsActivePort"
    while not port.exists() or len(port.read_text().split()) < 2:
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"Chromium did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)
    number, path = port.read_text().split()
    return f"ws://127.0.0.1:{number}{path}"


@pytest.fixture
def page(browser: ClientConnection) -> Page:
    """A new tab."""
    return Page(browser)
