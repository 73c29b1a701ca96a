"""Coroutines that begin as the task in reserve: nothing tells them that it was not made for them."""

import asyncio
import contextvars
import gc
import inspect
import sys
import traceback
import types
import weakref

import pytest

VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


def get(path):
    return b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode()


async def ask(server, *paths):
    """Send one request after the other over one connection; return the answers."""
    client = server.connect()
    return [await client.feed(get(path)) for path in paths]


async def turns():
    """Let the loop go round a few times."""
    for _ in range(8):
        await asyncio.sleep(0)


def me():
    task = asyncio.current_task()
    assert task is not None
    return task


# -- whose task it is -------------------------------------------------------------------------------------


async def test_a_task_is_used_again_after_handlers_that_did_not_wait(serve):
    """Handlers that never wait share one task, however they end."""
    seen = []

    async def handler(request):
        seen.append(id(me()))
        if request.path == "/fails":
            raise LookupError
        return {}

    answers = await ask(serve(handler), "/first", "/a", "/fails", "/b", "/c")
    assert [answer[9:12] for answer in answers] == [b"200", b"200", b"500", b"200", b"200"]
    assert len(set(seen[1:])) == 1


async def test_a_task_that_waits_belongs_to_its_handler(serve):
    """It is the same before and after, is found by all_tasks, and has the handler's result in the end."""
    seen = {}
    gate = asyncio.Event()

    async def handler(request):
        seen[request.path] = me()
        if request.path != "/quick":
            await gate.wait()
            assert me() is seen[request.path]
        return {"path": request.path}

    server = serve(handler)
    clients = [server.connect() for _ in range(3)]
    for client, path in zip(clients, ("/waits1", "/waits2", "/quick"), strict=True):
        client.send(get(path))
        await turns()
    assert len(set(map(id, seen.values()))) == 3
    waiting = {seen["/waits1"], seen["/waits2"]}
    assert waiting <= asyncio.all_tasks()
    gate.set()
    for client in clients:
        await client.settled()
        assert b"200 OK" in client.take()
    assert [task.result() for task in (seen["/waits1"], seen["/waits2"])] == [
        {"path": "/waits1"},
        {"path": "/waits2"},
    ]


async def test_a_kept_task_ends_as_its_coroutine_did(serve):
    """Whoever kept the task, was to be called back, or has it as a key, never sees another request in it."""
    kept, keys, called, names = {}, weakref.WeakKeyDictionary(), [], []

    async def handler(request):
        task = me()
        names.append(task.get_name())
        if request.path in {"/kept", "/fails"}:
            kept[request.path] = task
        elif request.path == "/key":
            assert task not in keys
            keys[task] = True
        elif request.path == "/callback":
            task.add_done_callback(lambda task: called.append(task.result()))
        elif request.path == "/name":
            task.set_name("a name of its own")
        if request.path == "/fails":
            raise LookupError("as it should")
        return {"path": request.path}

    paths = ("/kept", "/kept", "/fails", "/key", "/key", "/callback", "/name", "/last")
    await ask(serve(handler), *paths)
    await asyncio.sleep(0)
    assert kept["/kept"].result() == {"path": "/kept"}
    assert str(kept["/fails"].exception()) == "as it should"
    assert called == [{"path": "/callback"}]
    assert "a name of its own" not in names
    assert not keys


async def test_waiting_tasks_are_freed_without_the_garbage_collector(serve):
    """A task and what it runs are no cycle."""
    left = weakref.WeakSet()

    async def handler(request):
        left.add(me())
        await asyncio.sleep(0)
        return {}

    server = serve(handler)
    gc.collect()
    gc.disable()
    try:
        await ask(server, *["/"] * 5)
        await asyncio.sleep(0)
        assert not left
    finally:
        gc.enable()


async def test_a_waiting_task_says_what_it_runs(serve):
    """Its description and its stack are those of the handler's coroutine."""
    gate = asyncio.Event()

    async def a_handler_that_waits(request):
        await gate.wait()
        return {}

    client = serve(a_handler_that_waits).connect()
    client.send(get("/"))
    await turns()
    (task,) = [task for task in asyncio.all_tasks() if "a_handler_that_waits" in repr(task)]
    assert [frame.f_code.co_name for frame in task.get_stack()] == ["a_handler_that_waits"]
    assert inspect.getcoroutinestate(task.get_coro()) == inspect.CORO_SUSPENDED
    gate.set()
    await client.settled()


async def test_a_task_says_what_it_runs_during_the_first_step(serve):
    """Its coroutine is the handler's own, which runs; what it waited for in reserve is nobody's business."""
    seen = {}

    async def a_handler(request):
        task = me()
        coroutine = task.get_coro()
        seen[request.path] = (
            inspect.iscoroutine(coroutine) and inspect.getcoroutinestate(coroutine),
            task.get_stack()[-1].f_code.co_name,
            "a_handler() running at" in repr(task) and "wait_for" not in repr(task),
        )
        with pytest.raises(ValueError, match="already executing"):
            await coroutine
        return {}

    answers = await ask(serve(a_handler), "/", "/again")
    assert all(b"200 OK" in answer for answer in answers)
    assert seen == dict.fromkeys(("/", "/again"), (inspect.CORO_RUNNING, "a_handler", True))


async def test_a_reserve_describes_itself(serve):
    """Who lists all tasks is told what the one without a coroutine is."""

    async def handler(request):
        return {}

    await ask(serve(handler), "/", "/")
    (reserve,) = [task for task in asyncio.all_tasks() if "in reserve" in repr(task)]
    assert not reserve.get_stack()
    if sys.version_info >= (3, 12):
        assert not reserve.get_context()


async def test_names_and_attributes_of_a_task_are_not_handed_on(serve):
    """Logs tell requests apart by the name of the task; some keep what belongs to a request in an attribute."""
    names, noted = [], []

    async def handler(request):
        task = me()
        if request.path == "/named":
            names.append(task.get_name())
            assert task.get_name() == names[-1]
        else:
            noted.append(getattr(task, "noted", None))
            task.noted = request.path
        return {}

    await ask(serve(handler), *["/named", "/noted"] * 3)
    assert len(set(names)) == 3
    assert noted == [None] * 3


if sys.version_info >= (3, 12):  # before, tasks have no get_context

    async def test_a_task_knows_the_context_of_its_handler(serve):
        """Before it waits, and when others look at it while it does."""
        seen = []
        gate = asyncio.Event()

        async def handler(request):
            VARIABLE.set("of the handler")
            seen.append(me().get_context()[VARIABLE])
            await gate.wait()
            me().get_context().run(int)

        client = serve(handler).connect()
        client.send(get("/"))
        await turns()
        waiting = [task for task in asyncio.all_tasks() if task.get_coro().__name__ == "handler"]
        seen += [task.get_context()[VARIABLE] for task in waiting]
        assert seen == ["of the handler"] * 2
        gate.set()
        await client.settled()
        # A context is entered once at a time.
        assert b"500" in client.take()


async def test_nothing_of_a_request_is_kept_after_it(serve):
    """The task in reserve holds neither the result nor the context of the last handler."""

    class Value(dict):
        pass

    left = weakref.WeakValueDictionary()

    async def handler(request):
        value = left[request.path] = Value()
        VARIABLE.set(value)
        if request.path == "/fails":
            raise LookupError
        return value

    server = serve(handler, on_error=lambda request, error: {})
    gc.collect()
    gc.disable()
    try:
        await ask(server, "/a", "/b", "/fails", "/c")
        assert not left
    finally:
        gc.enable()


async def test_where_references_are_not_counted_every_task_counts_as_kept(serve, monkeypatch):
    """Then no handler sees the task of another."""
    kept = []

    async def handler(request):
        kept.append(me())
        return {"path": request.path}

    monkeypatch.setattr("areion_http._handling._references", lambda _: sys.maxsize)
    await ask(serve(handler), "/a", "/b", "/c")
    assert [task.result() for task in kept] == [{"path": "/a"}, {"path": "/b"}, {"path": "/c"}]


# -- exceptions -------------------------------------------------------------------------------------------


async def test_a_kept_task_fails_as_its_coroutine_did_although_it_was_cancelled(serve):
    """The exception is what it ends with, and its traceback is that of the coroutine, once."""
    kept = []

    async def handler(request):
        kept.append(me())
        me().cancel()
        raise LookupError("as it should")

    failures = []
    await ask(serve(handler, on_error=lambda request, error: failures.append(error) or {}), "/", "/")
    for task, failure in zip(kept, failures, strict=True):
        assert not task.cancelled()
        assert task.exception() is failure
        names = [frame.name for frame in traceback.extract_tb(failure.__traceback__)]
        assert names[-1] == "handler"
        assert "send" not in names


async def test_any_exception_of_what_a_handler_waits_for_reaches_it(serve):
    """GeneratorExit too, which closes a generator that it is thrown into."""

    async def handler(request):
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_exception, GeneratorExit("seldom"))
        try:
            await future
        except GeneratorExit as error:
            return {"caught": error.args[0]}

    (answer,) = await ask(serve(handler), "/")
    assert answer.endswith(b'{"caught":"seldom"}')


async def test_a_task_that_ends_the_program_is_done(serve, monkeypatch):
    """Its exception goes to the loop once, and asyncio does not call it one that nobody has seen."""
    raised, complaints = [], []
    monkeypatch.setattr("areion_http._exchange._raise", lambda error: raised.append(error.code))

    async def handler(request):
        if request.path == "/ends":
            me().set_name("not to be used again")
            raise SystemExit(3)
        return {}

    server = serve(handler)
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["message"]))
    _, answer = await ask(server, "/", "/ends")
    await turns()
    gc.collect()
    assert b"503" in answer
    assert raised == [3]
    assert not complaints


async def test_cancelled_handlers_are_freed_without_the_garbage_collector(serve):
    """An exception that a coroutine lets through does not keep the frame that threw it in."""

    class Local:
        pass

    left = weakref.WeakSet()

    async def handler(request):
        local = Local()
        left.add(local)
        await asyncio.get_running_loop().create_future()

    server = serve(handler, on_error=lambda request, error: {})
    gc.collect()
    gc.disable()
    try:
        client = server.connect()
        client.send(get("/"))
        await turns()
        for task in asyncio.all_tasks():
            if "handler()" in repr(task):
                task.cancel()
        del task
        await client.settled()
        await turns()
        assert not left
    finally:
        gc.enable()


# -- cancellation and timeouts ----------------------------------------------------------------------------


async def test_a_handler_that_cancels_itself_and_returns_has_been_cancelled(serve):
    """As in any task; the next request is none the wiser."""

    async def handler(request):
        if request.path == "/cancels":
            me().cancel()
        return {}

    answers = await ask(serve(handler), "/", "/cancels", "/", "/cancels", "/cancels", "/")
    assert [answer[9:12] for answer in answers] == [b"200", b"500", b"200", b"500", b"500", b"200"]


async def test_a_handler_that_cancels_itself_and_waits_is_cancelled_there(serve):
    """What it waits for is cancelled as well, and it can go on after that."""
    seen = []

    async def handler(request):
        me().cancel("enough")
        future = asyncio.get_running_loop().create_future()
        try:
            await future
        except asyncio.CancelledError:
            seen.append(future.cancelled())
            me().uncancel()
        await asyncio.sleep(0)
        seen.append(me().cancelling())
        return {}

    (answer,) = await ask(serve(handler), "/")
    assert b"200 OK" in answer
    assert seen == [True, 0]


async def test_a_handler_that_cancels_itself_before_it_gives_way_is_cancelled_there(serve):
    """Where there is nothing to cancel, the coroutine gets the error itself."""

    async def handler(request):
        me().cancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            return {"cancelled": True}
        return {}

    (answer,) = await ask(serve(handler), "/")
    assert answer.endswith(b'{"cancelled":true}')


async def test_a_cancellation_of_the_first_step_carries_its_message(serve):
    """It is passed on to what the handler waits for, and comes back from there."""

    async def handler(request):
        me().cancel("enough")
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError as error:
            return {"message": error.args[0]}

    (answer,) = await ask(serve(handler), "/")
    assert answer.endswith(b'{"message":"enough"}')


async def test_a_cancellation_of_the_first_step_takes_effect_in_the_next_turn(serve):
    """So that others come first, as with any task."""
    order = []

    async def handler(request):
        asyncio.get_running_loop().call_soon(order.append, "others")
        me().cancel()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            order.append("cancelled")
        return {}

    await ask(serve(handler), "/")
    assert order == ["others", "cancelled"]


if sys.version_info >= (3, 13):  # before, uncancel takes nothing back

    async def test_a_cancellation_of_the_first_step_can_be_taken_back(serve):
        """Until it takes effect."""

        async def handler(request):
            me().cancel()
            asyncio.get_running_loop().call_soon(me().uncancel)
            await asyncio.sleep(0)
            return {"cancelling": me().cancelling()}

        (answer,) = await ask(serve(handler), "/")
        assert answer.endswith(b'{"cancelling":0}')


async def test_a_timeout_that_begins_before_the_first_wait_ends_the_right_task(serve):
    """Timeouts and groups note the current task when they begin."""

    async def handler(request):
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        except TimeoutError:
            cancelling = me().cancelling()
        async with asyncio.TaskGroup() as group:
            one = group.create_task(asyncio.sleep(0, 1))
            two = group.create_task(asyncio.sleep(0, 2))
        with pytest.raises(ExceptionGroup):
            await fail_in_group()
        return {"sum": one.result() + two.result(), "cancelling": cancelling}

    async def fail_in_group():
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(60))
            group.create_task(fail())

    async def fail():
        raise LookupError

    client = serve(handler).connect()
    client.send(get("/"))
    async with asyncio.timeout(5):
        while not (answer := client.take()):
            await asyncio.sleep(0.005)
    assert answer.endswith(b'{"sum":3,"cancelling":0}')


async def test_a_reserve_that_is_cancelled_is_replaced(serve):
    """Who cancels all tasks there are also gets the one in reserve; the next request has another."""

    async def handler(request):
        if request.path == "/waits":
            await asyncio.sleep(0)
        return {}

    server = serve(handler)
    await ask(server, "/", "/")
    for wait in (True, False):
        for task in asyncio.all_tasks() - {me()}:
            task.cancel()
        if wait:
            await asyncio.sleep(0)
        answers = await ask(server, "/waits", "/", "/waits")
        assert all(b"200 OK" in answer for answer in answers)


async def test_a_reserve_that_is_cancelled_at_once_is_replaced(serve):
    """Also where it has not begun (Python 3.11)."""

    async def handler(request):
        return {}

    server = serve(handler)
    client = server.connect()
    client.send(get("/"))
    for task in asyncio.all_tasks() - {me()}:
        task.cancel()
    await client.settled()
    await turns()
    answers = await ask(server, "/", "/", "/")
    assert all(b"200 OK" in answer for answer in answers)
    assert len([task for task in asyncio.all_tasks() if "in reserve" in repr(task)]) == 1


# -- the world around it ----------------------------------------------------------------------------------


async def test_context_variables_belong_to_one_request(serve):
    """What a handler sets is there after it has waited, and not in the next request."""
    seen = []

    def middleware(request):
        seen.append(VARIABLE.get())
        VARIABLE.set(request.path)
        return handler(request)

    async def handler(request):
        seen.append(VARIABLE.get())
        VARIABLE.set("inside " + request.path)
        if request.path == "/waits":
            await asyncio.sleep(0)
            await asyncio.create_task(asyncio.sleep(0))
        seen.append(VARIABLE.get())
        return {}

    await ask(serve(middleware), "/waits", "/quick")
    assert seen == ["unset", "/waits", "inside /waits", "unset", "/quick", "inside /quick"]
    assert VARIABLE.get() == "unset"


async def test_what_is_no_future_cannot_be_waited_for(serve):
    """A wrong awaitable is the handler's error, as in any task."""

    @types.coroutine
    def wrong():
        yield 42

    async def handler(request):
        if request.path == "/wrong":
            await wrong()
        return {}

    answers = await ask(serve(handler), "/wrong", "/")
    assert [answer[9:12] for answer in answers] == [b"500", b"200"]


async def test_a_future_as_the_result_is_no_wait(serve):
    """Returning an awaitable is something else than waiting for it."""

    async def handler(request):
        future = asyncio.get_running_loop().create_future()
        future.set_result({"late": True})
        return future

    (answer,) = await ask(serve(handler), "/")
    assert answer.endswith(b'{"late":true}')


async def test_a_handler_may_serve_another_request_within_its_first_step(serve):
    """One that hands bytes to another connection, without waiting, runs that one's handler inside."""
    inner_task = []

    async def inside(request):
        inner_task.append(me())
        if request.path == "/waits":
            await asyncio.sleep(0)
        return {"inside": request.path}

    within = serve(inside)
    clients = {path: within.connect() for path in ("/quick", "/waits")}

    async def handler(request):
        task = me()
        for path, client in clients.items():
            client.send(get(path))
            assert me() is task
        await asyncio.sleep(0)
        assert task not in inner_task
        return {}

    (answer,) = await ask(serve(handler), "/")
    assert b"200 OK" in answer
    for path, client in clients.items():
        await client.settled()
        assert client.take().endswith(b'{"inside":"%b"}' % path.encode())


if sys.version_info >= (3, 12):  # before, a second task in reserve begins a turn later

    async def test_one_task_is_in_reserve_however_handlers_are_nested(serve):
        """A handler that has another begin within its first step leaves no second one behind."""
        client = None

        async def handler(request):
            if request.path == "/outer":
                client.send(get("/inner"))
            return {}

        server = serve(handler)
        client = server.connect()
        await ask(server, *["/outer"] * 3)
        assert len([task for task in asyncio.all_tasks() if "in reserve" in repr(task)]) == 1
