"""Tasks and cron firings kept in a file: they survive the process, and several processes share them."""

from areion_orchestrator.durable._manager import DurableTasks
from areion_orchestrator.durable._store import FailedTask, TaskStore

__all__ = ["DurableTasks", "FailedTask", "TaskStore"]
