"""The abstract bases under the predecessor's name; each lives in the package of its part."""

from areion_engine import BaseEngine
from areion_http import BaseHttpServer
from areion_logger import BaseLogger
from areion_orchestrator import BaseOrchestrator
from areion_router import BaseMiddleware, BaseRouter

__all__ = ["BaseEngine", "BaseHttpServer", "BaseLogger", "BaseMiddleware", "BaseOrchestrator", "BaseRouter"]
