"""The contract of an orchestrator: what a server may ask of whatever runs its background work.

A class that implements the four abstract methods is a whole orchestrator. The hooks below them are optional:
the server calls them, and what is here does nothing. No behaviour may live in this module.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any


class BaseOrchestrator(ABC):
    """Runs tasks in the background, now or on a schedule.

    `areion_orchestrator.testing.OrchestratorContract` checks an implementation against these docstrings.
    """

    @abstractmethod
    def start(self) -> Any:
        """Begin to fire scheduled jobs. Calling it again while started changes nothing."""

    @abstractmethod
    def submit_task(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run `func(*args, **kwargs)` once, in the background; allowed before `start()`.

        Returns:
            A future with the result, or the exception, of the call.
        """

    @abstractmethod
    def schedule_cron_task(
        self, func: Callable[..., Any], cron: str | Mapping[str, Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        """Run `func(*args, **kwargs)` whenever `cron` is due; one function may be scheduled many times.

        Args:
            func: What to run.
            cron: The dict form `{"hour": 3}` or the crontab form `"0 3 * * *"`.
            *args: Positional arguments of `func`.
            **kwargs: Keyword arguments of `func`, all of them, whatever their names.

        Raises:
            ValueError: `cron` cannot be understood or never comes.
        """

    @abstractmethod
    def shutdown(self) -> Any:
        """Stop firing, let running tasks finish within a time limit, release everything.

        Called from any thread but the event loop's, more than once, and before `start()` too.
        """

    def run_tasks(self) -> Any:  # noqa: B027 - an optional hook
        """Wait until the tasks submitted so far are done; without this hook, there is nothing to wait for."""

    def set_logger(self, logger: Any) -> None:  # noqa: B027 - an optional hook
        """Take the logger to write to: any object with `debug info warning error critical(message)`."""

    def bind_loop(self, loop: AbstractEventLoop | None) -> None:  # noqa: B027 - an optional hook
        """Take the running event loop that coroutine functions are to run on, or None when it goes away."""

    @property
    def jobs(self) -> Sequence[Any]:
        """A view of the scheduled jobs, for tools that list them."""
        return ()
