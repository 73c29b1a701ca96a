"""What can go wrong here, as one tree: every error carries its facts as attributes, not only as text.

ValueError
└── CronError            a cron expression or time zone that cannot mean anything
RuntimeError
└── OrchestratorError
    ├── QueueFullError   the bounded queue has no room for one more task
    ├── ShutdownError    the orchestrator does not take tasks any more
    └── StoreError       the file of durable tasks cannot be used
TimeoutError
└── TaskTimeoutError     a task ran longer than its time limit
TypeError
└── ArgumentError        an argument of a durable task is not JSON
"""

from __future__ import annotations

from typing import Any


class CronError(ValueError):
    """A cron expression, or its time zone, that is malformed or never matches.

    Attributes:
        cron: The expression as it was given.
        field: The name of the offending field (`"hour"`), or None where it is the expression as a whole.
    """

    def __init__(self, message: str, *, cron: Any = None, field: str | None = None) -> None:
        super().__init__(message)
        self.cron = cron
        self.field = field


class OrchestratorError(RuntimeError):
    """What every error of a running orchestrator has in common."""


class QueueFullError(OrchestratorError):
    """The queue of submitted tasks is full; the task was not taken.

    Attributes:
        task: The name of the refused task.
        limit: How many tasks may wait.
    """

    def __init__(self, task: str, limit: int) -> None:
        super().__init__(
            f"task {task!r} was refused: {limit} tasks are waiting already, as many as max_queue allows; "
            "submit fewer, raise max_workers or max_queue, or answer 503 and let the client come again"
        )
        self.task = task
        self.limit = limit


class ShutdownError(OrchestratorError):
    """The orchestrator is shutting down or has shut down; the task was not taken, or was abandoned.

    Attributes:
        task: The name of the task concerned.
    """

    def __init__(self, message: str, *, task: str) -> None:
        super().__init__(message)
        self.task = task


class StoreError(OrchestratorError):
    """The file of durable tasks is corrupt, locked, foreign or not reachable.

    Attributes:
        path: The file.
    """

    def __init__(self, message: str, *, path: str) -> None:
        super().__init__(message)
        self.path = path


class TaskTimeoutError(TimeoutError):
    """A task ran longer than its time limit.

    Attributes:
        task: The name of the task.
        timeout: The limit in seconds.
    """

    def __init__(self, task: str, timeout: float, *, still_running: bool) -> None:
        what = "its thread cannot be stopped and still runs" if still_running else "it was cancelled"
        super().__init__(f"task {task!r} ran longer than its {timeout:g} s; {what}")
        self.task = task
        self.timeout = timeout


class ArgumentError(TypeError):
    """An argument of a durable task would not be the same after a trip through JSON.

    Attributes:
        task: The name of the task.
        argument: Where the value stands, such as `args[0].owner`.
    """

    def __init__(self, message: str, *, task: str, argument: str) -> None:
        super().__init__(message)
        self.task = task
        self.argument = argument
