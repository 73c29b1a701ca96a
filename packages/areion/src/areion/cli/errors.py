"""What ends a command early, with a text for its user.

CommandError        exit status 2: the command was used wrongly; one line says how
└── ProgramError    the user's own program failed; its traceback, shortened to its own frames, says where
"""

from __future__ import annotations


class CommandError(Exception):
    """What was asked for cannot be done; the text says why in one line."""


class ProgramError(CommandError):
    """The user's program failed while it was loaded.

    Attributes:
        details: The traceback, shortened to the program's own frames.
    """

    def __init__(self, message: str, details: str) -> None:
        super().__init__(message)
        self.details = details
