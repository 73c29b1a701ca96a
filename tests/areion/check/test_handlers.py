"""Calls that block the event loop, found in sources."""

import asyncio
import functools
import os
import socket
import subprocess
import time
import time as clock
import urllib.request
from os import system
from pathlib import Path
from time import sleep

import httpx
import pytest
from areion import AreionServerBuilder, DefaultRouter
from areion.check import review
from areion.check.handlers import check_handlers

client = httpx.Client()
asynchronous = httpx.AsyncClient()


def found(handler, **options):
    """What is said of a handler: severity, function, line."""
    router = DefaultRouter()
    router.add_route("/", handler, **options)
    return said(router)


def said(router):
    server = AreionServerBuilder().with_router(router).build()
    return [
        (str(finding.severity), finding.message.partition(" calls ")[2].partition(",")[0], finding.where)
        for finding in check_handlers(server)
    ]


def names(handler, **options):
    return [name for _, name, _ in found(handler, **options)]


def line(function, offset):
    return f"{__file__}:{function.__code__.co_firstlineno + offset}"


def helper():
    return deeper()


def deeper():
    return socket.getaddrinfo("example.org", 80)


class Service:
    def work(self):
        time.sleep(1)

    async def wait(self):
        await asyncio.sleep(1)


service = Service()


def test_each_is_found_with_its_line():
    """However it was imported, and wherever in the function it stands."""

    async def handler(request):
        time.sleep(1)
        clock.sleep(1)
        sleep(1)
        if request:
            with open("x") as file:
                return [subprocess.run(each, check=False) for each in file]
        return system("ls"), os.popen("ls"), urllib.request.urlopen("http://a")

    assert found(handler) == [
        ("warning", "time.sleep", line(handler, 1)),
        ("warning", "time.sleep", line(handler, 2)),
        ("warning", "time.sleep", line(handler, 3)),
        ("warning", "open", line(handler, 5)),
        ("warning", "subprocess.run", line(handler, 6)),
        ("warning", "os.system", line(handler, 7)),
        ("warning", "os.popen", line(handler, 7)),
        ("warning", "urllib.request.urlopen", line(handler, 7)),
    ]


def test_plain_function_blocks_too():
    """A plain function runs on the loop; files alone are short enough for no more than advice."""

    def handler(request):
        open("x").close()
        time.sleep(1)

    assert [severity for severity, _, _ in found(handler)] == ["advice", "warning"]
    assert found(handler, blocking=True) == []


def test_import_inside_of_the_function():
    """What is imported when the function runs is known by its name."""

    def handler(request):
        from time import sleep as pause

        import requests_that_is_not_installed as other
        import urllib3

        pause(1)
        other.get("http://a")
        return urllib3.request("GET", "http://a")

    assert names(handler) == ["time.sleep", "urllib3.request"]


def test_calls_are_followed():
    """Into functions and methods of the program, some levels deep, with the way there."""

    def handler(request):
        service.work()
        return helper()

    assert names(handler) == [
        "time.sleep (through Service.work)",
        "socket.getaddrinfo (through helper",
    ]


def test_clients_by_what_they_are():
    """A client's methods are known by its class: the plain one blocks, the asynchronous one does not."""

    async def handler(request):
        client.get("http://a")
        httpx.post("http://a")
        await asynchronous.get("http://a")

    assert names(handler) == ["httpx.Client.get", "httpx.post"]


def test_what_does_not_block():
    """Awaited sleeps, threads, tasks, and functions that are handed on."""

    async def handler(request, sleep):
        await asyncio.sleep(1)
        await asyncio.to_thread(time.sleep, 1)
        await service.wait()
        request.submit_task(helper)
        sleep(1)
        open = print  # noqa: A001 - that is the point
        open("x")
        request.time.sleep(1)

        def work():
            time.sleep(1)

        return await asyncio.to_thread(work)

    assert found(handler) == []


def test_callables_of_every_kind():
    """Methods, partials, callable objects, decorated functions and lambdas have sources too."""

    class Kinds:
        def method(self, request):
            time.sleep(1)

        def __call__(self, request):
            time.sleep(1)

        @staticmethod
        def static(request):
            time.sleep(1)

    def plain(request, extra=None):
        time.sleep(1)

    @functools.wraps(plain)
    def decorated(request):
        return plain(request)

    kinds = Kinds()
    for each in (kinds.method, kinds, Kinds.static, functools.partial(plain, extra=1), decorated):
        assert names(each) == ["time.sleep"]
    assert names(lambda request: time.sleep(1)) == ["time.sleep"]


@pytest.mark.parametrize("handler", [print, str.upper, functools.partial(int, "1")])
def test_what_has_no_source(handler):
    """Functions written in C are not looked into."""
    assert found(handler) == []


def test_source_that_is_gone(tmp_path):
    """A handler whose file is not there any more is not guessed at."""
    file = tmp_path / "gone.py"
    file.write_text("import time\ndef handler(request):\n    time.sleep(1)\n")
    space = {}
    exec(compile(file.read_text(), str(file), "exec"), space)
    file.unlink()
    assert found(space["handler"]) == []


def test_middleware_and_error_handlers():
    """What wraps every request is looked into as well, once."""

    def slow(handler):
        async def wrapper(request):
            time.sleep(1)
            return await handler(request)

        return wrapper

    async def quick(request):
        return ""

    def answer(request, error):
        Path("x").exists()
        time.sleep(1)

    router = DefaultRouter()
    router.add_global_middleware(slow)
    router.add_route("/", quick)
    router.add_route("/2", quick)
    made = AreionServerBuilder().with_router(router).with_error_handler(KeyError, answer).build()
    assert [
        finding.message.partition(" calls")[0].rpartition(".")[2] for finding in check_handlers(made)
    ] == [
        "slow",
        "answer",
    ]


def test_review_has_the_worst_first():
    """Errors, then warnings, then advice; nothing twice."""
    router = DefaultRouter()
    router.add_route("/a/./b", lambda request: time.sleep(1))
    server = AreionServerBuilder().with_router(router).with_startup_hook(print).build()
    severities = [finding.severity for finding in review(server)]
    assert severities[:2] == ["error", "warning"]
    assert set(severities[2:]) == {"advice"}
