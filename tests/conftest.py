"""What every test may rely on."""

import logging
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# Both are measures of time, which tell of the machine and not of the code: no test fails because it was busy.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _no_logger_outlives_its_test() -> Iterator[None]:
    """End the loggers that a test left in force: servers that ran without one given leave theirs to the process.

    What they write late would be found in the output of the next test.
    """
    tree = logging.getLogger("areion")
    level = tree.level
    yield
    shared = sys.modules.get("areion_logger._tree")  # not there where a sibling is tested alone
    if shared is not None:
        for each in list(shared._trees.values()):
            for hold in list(each._holds):
                shared.release(hold)
    # What a logger found and puts back now may be what the test itself had set.
    tree.setLevel(level)
