"""The default components under the predecessor's name; each lives in the package of its part."""

from areion_engine import Engine
from areion_logger import Logger
from areion_orchestrator import Orchestrator
from areion_router import Router

__all__ = ["Engine", "Logger", "Orchestrator", "Router"]
