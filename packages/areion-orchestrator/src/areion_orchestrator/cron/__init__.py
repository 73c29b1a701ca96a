"""Cron schedules: what an expression means, and when it is due next."""

from areion_orchestrator.cron._schedule import CronSchedule

__all__ = ["CronSchedule"]
