"""Background tasks and cron schedules that survive clock changes."""

from areion_orchestrator.__about__ import __version__

__all__ = ["__version__"]
