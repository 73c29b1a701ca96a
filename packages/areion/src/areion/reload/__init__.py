"""Restarts a server when its sources change, without closing its listening socket.

Nothing of this is imported by `import areion`: the command line imports it for ``--reload``.
"""

from areion.reload.child import serve_child
from areion.reload.supervisor import Supervisor, reload_server
from areion.reload.watch import Watcher

__all__ = ["Supervisor", "Watcher", "reload_server", "serve_child"]
