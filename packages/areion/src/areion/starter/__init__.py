"""The starter project that ``areion new`` writes.

Nothing of this is imported by `import areion`: the command line imports it for ``areion new``.
"""

from areion.starter.project import NameRefusedError, write_project

__all__ = ["NameRefusedError", "write_project"]
