from __future__ import annotations

import pytest
from areion_orchestrator import Orchestrator


@pytest.fixture
def make():
    """Make orchestrators that are shut down after the test."""
    made = []

    def make(*args, **options):
        made.append(Orchestrator(*args, **options))
        return made[-1]

    yield make
    for orchestrator in made:
        orchestrator.shutdown(5)


@pytest.fixture
def orchestrator(make):
    return make()
