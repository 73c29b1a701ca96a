"""What all tests of the umbrella share: loggers that end with the test that made them."""

from collections.abc import Iterator
from typing import Any

import pytest
from areion_logger import Logger


@pytest.fixture(autouse=True)
def close_loggers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every logger that the test made: a server built and never run would leave its own on for all."""
    made: list[Logger] = []
    initialise = Logger.__init__

    def remember(logger: Logger, *args: Any, **kwargs: Any) -> None:
        initialise(logger, *args, **kwargs)
        made.append(logger)

    monkeypatch.setattr(Logger, "__init__", remember)
    yield
    for logger in made:
        logger.close()
