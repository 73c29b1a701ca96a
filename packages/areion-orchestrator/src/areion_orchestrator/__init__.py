"""Background tasks and cron schedules that survive clock changes."""

from areion_orchestrator.__about__ import __version__
from areion_orchestrator._lifecycle import ShutdownReport
from areion_orchestrator.base import BaseOrchestrator
from areion_orchestrator.clock import Clock, SystemClock
from areion_orchestrator.cron import CronSchedule
from areion_orchestrator.errors import (
    ArgumentError,
    CronError,
    OrchestratorError,
    QueueFullError,
    ShutdownError,
    StoreError,
    TaskTimeoutError,
)
from areion_orchestrator.job import Job, JobOptions
from areion_orchestrator.orchestrator import Orchestrator

__all__ = [
    "ArgumentError",
    "BaseOrchestrator",
    "Clock",
    "CronError",
    "CronSchedule",
    "Job",
    "JobOptions",
    "Orchestrator",
    "OrchestratorError",
    "QueueFullError",
    "ShutdownError",
    "ShutdownReport",
    "StoreError",
    "SystemClock",
    "TaskTimeoutError",
    "__version__",
]
