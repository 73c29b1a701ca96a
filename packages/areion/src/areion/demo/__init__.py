"""The demonstration: a guest book with JSON, a page, a background task and a cron job."""

from areion.demo.app import build_demo

__all__ = ["build_demo"]
