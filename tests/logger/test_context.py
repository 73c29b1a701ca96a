import asyncio
import contextvars
import threading

import pytest
from areion_logger import bind_context, current_context, unbind_context


def test_fields_are_bound_for_a_block():
    """Fields are in force within the block and not after it."""
    with bind_context(request_id="a", user=5):
        assert dict(current_context()) == {"request_id": "a", "user": 5}
    assert dict(current_context()) == {}


def test_fields_are_bound_without_a_block():
    """Fields are in force from `bind_context` until `reset`; a second reset does nothing."""
    binding = bind_context(request_id="a")
    assert dict(current_context()) == {"request_id": "a"}
    binding.reset()
    binding.reset()
    assert dict(current_context()) == {}


def test_inner_bindings_add_and_win():
    """An inner binding adds to the outer one, wins over it, and leaves it as it was."""
    with bind_context(a=1, b=1):
        with bind_context(b=2, c=2):
            assert dict(current_context()) == {"a": 1, "b": 2, "c": 2}
        assert dict(current_context()) == {"a": 1, "b": 1}


def test_the_mapping_is_read_only():
    """Nobody can change bound fields but by binding."""
    with bind_context(a=1), pytest.raises(TypeError):
        current_context()["a"] = 2


def test_values_are_taken_when_they_are_bound():
    """A list that changes later is bound as it was."""
    basket = ["tea"]
    with bind_context(basket=basket):
        basket.append("rum")
        assert current_context()["basket"] == ["tea"]


async def test_each_task_has_its_own_fields():
    """What a task binds is not seen by its siblings; what its creator bound is."""

    async def work(name):
        with bind_context(task=name):
            await asyncio.sleep(0)
            return dict(current_context())

    with bind_context(request_id="r"):
        assert await asyncio.gather(work("a"), work("b")) == [
            {"request_id": "r", "task": "a"},
            {"request_id": "r", "task": "b"},
        ]
    assert dict(current_context()) == {}


def test_a_thread_starts_without_fields():
    """A plain thread has no fields, as with any context variable before Python 3.14's option."""
    found = []
    with bind_context(a=1):
        empty = contextvars.Context()
        thread = threading.Thread(target=empty.run, args=(lambda: found.append(dict(current_context())),))
        thread.start()
        thread.join()
    assert found == [{}]


def test_an_end_in_another_context_is_not_an_error():
    """A binding that ends in another context, as a generator may, raises and changes nothing there."""
    binding = contextvars.Context().run(bind_context, a=1)
    with bind_context(b=2):
        binding.reset()
        assert dict(current_context()) == {"b": 2}


def test_fields_can_be_left_off():
    """unbind_context() leaves the named fields off until its end; what is not bound does not matter."""
    with bind_context(a=1, b=2):
        with unbind_context("a", "c"):
            assert dict(current_context()) == {"b": 2}
        assert dict(current_context()) == {"a": 1, "b": 2}
