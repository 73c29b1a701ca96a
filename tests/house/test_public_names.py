"""The public names of each package are those of the pinned table, no more and no fewer."""

import importlib
import runpy
import types
from pathlib import Path

import pytest

PUBLIC: dict[str, list[str]] = runpy.run_path(str(Path(__file__).with_name("public_names.py")))["PUBLIC"]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("package", PUBLIC)
def test_names_are_pinned(package: str) -> None:
    """`__all__` is the pinned list: adding or removing a name is a decision, seen in the table."""
    assert sorted(importlib.import_module(package).__all__) == sorted(PUBLIC[package])


@pytest.mark.parametrize("package", PUBLIC)
def test_import_star_gives_them_all(package: str) -> None:
    """`from package import *` works and gives every pinned name."""
    namespace: dict[str, object] = {}
    exec(f"from {package} import *", namespace)
    assert set(PUBLIC[package]) <= namespace.keys()


@pytest.mark.parametrize("package", PUBLIC)
def test_no_module_is_public_by_accident(package: str) -> None:
    """A public name is a class, function or value, not a module that happened to be imported."""
    module = importlib.import_module(package)
    modules = [name for name in PUBLIC[package] if isinstance(getattr(module, name), types.ModuleType)]
    assert modules == []


@pytest.mark.parametrize("package", PUBLIC)
def test_public_classes_and_functions_are_documented(package: str) -> None:
    """Each public class and function teaches its use in a docstring."""
    module = importlib.import_module(package)
    silent = [
        name
        for name in PUBLIC[package]
        if isinstance(getattr(module, name), type | types.FunctionType) and not getattr(module, name).__doc__
    ]
    assert silent == []


def test_every_package_is_pinned() -> None:
    """No package of the house is left out of the table."""
    packages = {path.parent.name.replace("-", "_") for path in ROOT.glob("packages/*/pyproject.toml")}
    assert PUBLIC.keys() == packages
