"""What the distribution says about itself, and what importing it costs. `tests/house` pins the public names."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import areion_router


def test_version():
    """The version is the distribution's."""
    assert areion_router.__version__ == importlib.metadata.version("areion-router")


def test_entry_point():
    """The default is found by its entry point."""
    (entry,) = importlib.metadata.entry_points(group="areion.router", name="default")
    assert entry.load() is areion_router.Router


def test_import_is_light():
    """Importing the package imports neither asyncio nor a sibling nor anything outside the standard library."""
    code = (
        "import sys, areion_router\n"
        "heavy = {'asyncio', 'pytest', 'uuid', 'areion', 'areion_http', 'areion_logger', 'areion_engine',"
        " 'areion_orchestrator'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
