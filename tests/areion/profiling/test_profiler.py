"""What is kept of the measurements, and that it is bounded."""

import pytest
from areion.profiling import PHASES, Profiler, Timing


def timing(total, route="/a", **parts) -> Timing:
    return Timing(began=0.0, parse=parts.pop("parse", 0.0), total=total, route=route, **parts)


@pytest.fixture
def clock(monkeypatch):
    """The time, to be set."""
    now = [1000.0]
    monkeypatch.setattr("areion.profiling.profiler.time.time", lambda: now[0])
    return now


def test_phases_add_up():
    """The phases are the total split up: middleware is what the endpoint took beyond the handler."""
    one = timing(0.010, parse=0.001, endpoint=0.007, handler=0.005, serialise=0.0005)
    assert dict(zip(PHASES, one.phases, strict=True)) == pytest.approx(
        {"parse": 0.001, "server": 0.0015, "middleware": 0.002, "handler": 0.005, "serialise": 0.0005}
    )
    assert one.server_timing == (
        "parse;dur=1.000, server;dur=1.500, middleware;dur=2.000, handler;dur=5.000, serialise;dur=0.500, "
        "total;dur=10.000"
    )


def test_no_phase_is_negative():
    """Clocks read one after the other give no negative times."""
    one = timing(0.001, parse=0.001, endpoint=0.001, handler=0.002)
    assert min(one.phases) == 0.0


def test_counts_by_route_and_status(clock):
    """Requests, refusals and failures are counted by method and pattern; those without a route together."""
    profiler = Profiler()
    for status in (200, 204, 404, 500, 503):
        profiler.record(timing(0.010, "/a/:id"), "GET", "/a/1", status)
    profiler.record(timing(0.020, "/a/:id"), "POST", "/a/2", 201)
    for path in ("/x", "/y"):
        profiler.record(timing(0.001, None), "BREW", path, 404)
    found = profiler.as_dict()
    rows = {(one["method"], one["route"]): one for one in found["routes"]}
    assert [(key, one["count"], one["refused"], one["failed"]) for key, one in rows.items()] == [
        (("*", "(no route)"), 2, 2, 0),
        (("GET", "/a/:id"), 5, 1, 2),
        (("POST", "/a/:id"), 1, 0, 0),
    ]
    assert found["all"]["count"] == 8
    assert rows["GET", "/a/:id"]["p95"] == pytest.approx(10, rel=0.05)
    assert rows["POST", "/a/:id"]["max"] == 20


def test_slowest_are_kept(clock):
    """Only the slowest twenty are kept one by one, slowest first, with the beginning of their paths."""
    profiler = Profiler()
    for number in range(100):
        profiler.record(timing(number / 1000), "GET", f"/{number}{'x' * 10_000}", 200)
    slowest = profiler.as_dict()["slowest"]
    assert [one["total"] for one in slowest] == list(range(99, 79, -1))
    assert all(len(one["path"]) == 200 for one in slowest)


def test_seconds_are_bounded(clock):
    """Traffic is kept by second, for two minutes; a clock that is set back loses nothing."""
    profiler = Profiler()
    for second in range(300):
        clock[0] = 1000.0 + second
        profiler.record(timing(0.002), "GET", "/", 500 if second % 2 else 200)
    clock[0] -= 50
    profiler.record(timing(0.002), "GET", "/", 200)
    clock[0] += 50
    seconds = profiler.as_dict()["seconds"]
    assert len(seconds) == 120
    assert seconds[0]["at"] == 1180
    assert seconds[-1] == {"at": 1299, "count": 2, "failed": 1, "mean": 2.0}


def test_empty():
    """Before the first request there is nothing, and it can be asked for."""
    found = Profiler().as_dict()
    assert (found["all"]["count"], found["all"]["mean"], found["routes"]) == (0, 0.0, [])
