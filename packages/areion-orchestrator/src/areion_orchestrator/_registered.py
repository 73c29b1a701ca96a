"""The methods of an orchestrator that concern registered tasks: their options, and what failed of them.

A part of the class in `orchestrator`, apart only so that each can be read by itself. Running is in `_tasks`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from areion_orchestrator._backend import Backend
from areion_orchestrator._calls import check_callable
from areion_orchestrator._log import stable_name
from areion_orchestrator._options import check_number, check_seconds
from areion_orchestrator._tasks import TaskOptions

if TYPE_CHECKING:
    from areion_orchestrator.durable import FailedTask

F = TypeVar("F", bound=Callable[..., Any])


class RegisteredTasks:
    """Registers functions with options, and looks after the durable ones that failed."""

    _backend: Backend

    @overload
    def task(self, func: F, /) -> F: ...

    @overload
    def task(
        self,
        /,
        *,
        name: str | None = None,
        retries: int = 0,
        timeout: float | None = None,
        backoff: float = 0.5,
        backoff_max: float = 300.0,
        retry_on: type[Exception] | tuple[type[Exception], ...] = Exception,
        durable: bool | None = None,
    ) -> Callable[[F], F]: ...

    def task(
        self,
        func: F | None = None,
        /,
        *,
        name: str | None = None,
        retries: int = 0,
        timeout: float | None = None,
        backoff: float = 0.5,
        backoff_max: float = 300.0,
        retry_on: type[Exception] | tuple[type[Exception], ...] = Exception,
        durable: bool | None = None,
    ) -> F | Callable[[F], F]:
        """Register a function with options for how it is run; a decorator that returns the function itself.

        The options hold wherever the function is submitted or scheduled; calling it directly is a plain call.

        Example:
            >>> from areion_orchestrator import Orchestrator
            >>> orchestrator = Orchestrator()
            >>> @orchestrator.task(retries=3, timeout=5)
            ... def greet(name):
            ...     return f"Hello, {name}"
            >>> orchestrator.submit_task(greet, "Ada").result()
            'Hello, Ada'
            >>> _ = orchestrator.shutdown()

        Args:
            func: The function, when used without parentheses.
            name: A stable name; made from module and function name if left out.
            retries: How many more attempts a failed task gets.
            timeout: Seconds that one attempt may take. A coroutine is then cancelled, and tried again if
                attempts are left. A thread cannot be stopped: the future fails with TaskTimeoutError, the
                thread goes on, holding a worker, and there is no further attempt beside it.
            backoff: Seconds before the second attempt; each further pause is twice as long, and shortened at
                random by up to half, so that tasks that failed together do not come back together.
            backoff_max: The longest pause in seconds.
            retry_on: Which exceptions are worth another attempt.
            durable: Whether its tasks are kept in the store; None means they are if there is one.

        Returns:
            The function, or a decorator that returns it.

        Raises:
            ValueError: An option is out of range, or another function has the name.
            TypeError: `func` cannot be called.
        """
        check_number("retries", retries, 0, whole=True)
        check_seconds("backoff", backoff)
        check_seconds("backoff_max", backoff_max)
        check_seconds("timeout", timeout, optional=True)
        if timeout == 0:
            raise ValueError("timeout must be above 0 seconds, or None for no limit")
        if durable and not self._backend.has_store:
            raise ValueError("durable=True needs a file to keep tasks in: Orchestrator(store='tasks.db')")
        errors = retry_on if isinstance(retry_on, tuple) else (retry_on,)
        is_durable = self._backend.has_store if durable is None else durable

        def register(function: F) -> F:
            check_callable(function, "task()")
            options = TaskOptions(
                name or stable_name(function), retries, timeout, backoff, backoff_max, errors, is_durable
            )
            self._backend.registry.add(function, options)
            return function

        return register if func is None else register(func)

    @property
    def has_store(self) -> bool:
        """Whether there is a store, in which processes agree on who runs a cron firing."""
        return self._backend.has_store

    def failed_tasks(self) -> list[FailedTask]:
        """Return the durable tasks that failed for good, oldest first; the newest thousand are kept.

        Raises:
            OrchestratorError: There is no store, or it cannot be used.
        """
        return self._backend.durable.failed_tasks()

    def retry_failed(self, task_id: int) -> bool:
        """Give a failed durable task all its attempts again; return whether there was one of that number."""
        return self._backend.durable.retry(task_id)

    def discard_failed(self, task_id: int) -> bool:
        """Forget a failed durable task; return whether there was one of that number."""
        return self._backend.durable.discard(task_id)
