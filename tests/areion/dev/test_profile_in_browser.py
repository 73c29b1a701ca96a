"""The profile's page in a real browser; here, where the browser is."""

import threading
import time

import httpx
from areion import AreionServerBuilder, DefaultRouter


def test_profile_in_a_browser(page):
    """A real browser shows numbers, brings them up to date, sorts, pauses, and breaks no rule of the policy."""
    router = DefaultRouter()
    router.add_route("/books/:id<int>", lambda request, **params: params)
    router.add_route("/broken", lambda request: 1 / 0)
    router.add_route("/slow", lambda request: time.sleep(0.2))
    app = AreionServerBuilder().with_router(router).with_development_mode().with_profiling()
    server = app.with_info("Books <&> more", "4.5").with_host("127.0.0.1").with_port(0).build()
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.wait_listening(30)
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            page.open(f"{server.url}/__areion__")
            page.wait("document.querySelector('#routes .empty') !== null")
            for number in range(10):
                client.get(f"/books/{number}")
            client.get("/broken")
            client.get("/slow")
            client.get("/<img src=x>")
            page.wait("document.querySelectorAll('#routes tbody tr').length === 4")
            page.wait("document.querySelectorAll('#blocked tbody tr').length === 1")
            assert "Books <&> more 4.5" in page.text()
            assert "/<img src=x>" in page.run(
                "decodeURIComponent(document.querySelector('#slowest').innerText)"
            )
            assert page.run("document.querySelectorAll('#traffic rect.failed').length") == 1
            first = "document.querySelector('#routes tbody code').textContent"
            page.click("#routes button[title='Sort by Requests']")
            assert page.run(first) == "/books/:id<int>"
            page.click("#routes button[title='Sort by Requests']")
            assert page.run(first) != "/books/:id<int>"
            page.click("#pause")
            assert page.run("document.querySelector('#pause').ariaPressed") == "true"
            assert page.violations() == []
            assert page.complaints == []
            assert all(url.startswith((server.url, "data:")) for url in page.requests)
    finally:
        server.stop()
        thread.join(30)
