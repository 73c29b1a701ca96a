"""Who may import whom, and what an import may cost: the shape of the house, kept."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEAVES = ["areion_engine", "areion_http", "areion_logger", "areion_orchestrator", "areion_router"]
HOUSE = [*LEAVES, "areion"]

# What each leaf may take from outside the standard library.
ALLOWED = {
    "areion_engine": {"jinja2", "markupsafe"},
    "areion_http": {"orjson", "uvloop", "python_multipart", "multipart"},
    "areion_logger": set(),
    "areion_orchestrator": {"croniter"},
    "areion_router": set(),
}

BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{name} does not exist here", name=name)

sys.meta_path.insert(0, Blocker())
"""


def _sources(package: str) -> list[Path]:
    folder = ROOT / "packages" / package.replace("_", "-") / "src" / package
    return sorted(path for path in folder.rglob("*.py"))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, anywhere in it, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or "", node.lineno


def _loaded_by(statement: str, *, blocked: tuple[str, ...] = ()) -> set[str]:
    """Run a statement in a fresh interpreter and return the modules that it loaded."""
    program = "\n".join(
        [
            f"BLOCKED = {set(blocked)!r}" + BLOCKER if blocked else "",
            "import sys",
            "before = set(sys.modules)",
            statement,
            "print(*sorted(set(sys.modules) - before))",
        ]
    )
    # -S leaves out the .pth files of site-packages, which load modules; sys.path is handed over as it is.
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("package", LEAVES)
def test_leaf_imports_no_sibling(package: str) -> None:
    """A leaf names no other package of the house, in any import of any of its modules."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in _sources(package)
        for module, line in _imports(path)
        if module.partition(".")[0] in set(HOUSE) - {package}
    ]
    assert wrong == []


@pytest.mark.parametrize("package", LEAVES)
def test_leaf_imports_only_what_it_declares(package: str) -> None:
    """Beyond the standard library a leaf imports its declared dependencies and itself."""
    allowed = sys.stdlib_module_names | ALLOWED[package] | {package}
    for_testing = allowed | {"pytest"}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {module}"
        for path in _sources(package)
        for module, line in _imports(path)
        if module.partition(".")[0] not in (for_testing if path.name == "testing.py" else allowed)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", LEAVES)
def test_leaf_imports_where_its_siblings_do_not_exist(package: str) -> None:
    """Each leaf and all its modules load in an interpreter in which the other packages cannot be found."""
    folder = ROOT / "packages" / package.replace("_", "-") / "src"
    modules = [
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        for path in _sources(package)
        if path.name not in {"__main__.py", "testing.py"}
    ]
    loaded = _loaded_by(f"import {', '.join(modules)}", blocked=tuple(set(HOUSE) - {package}))
    assert package in loaded


@pytest.mark.parametrize("package", HOUSE)
def test_package_init_only_exports(package: str) -> None:
    """`__init__.py` holds a docstring, imports, `__all__`, and at most the hooks that load names lazily."""
    [init] = [
        path for path in _sources(package) if path.parent.name == package and path.name == "__init__.py"
    ]
    allowed = (ast.Import, ast.ImportFrom, ast.Expr, ast.Assign, ast.AnnAssign, ast.If)
    for node in ast.parse(init.read_text(encoding="utf-8")).body:
        lazy_hook = isinstance(node, ast.FunctionDef) and node.name in {"__getattr__", "__dir__"}
        assert isinstance(node, allowed) or lazy_hook, f"{init}:{node.lineno}"


def test_router_stays_out_of_asyncio() -> None:
    """`import areion_router` loads no asyncio, no sockets and nothing from outside the standard library."""
    loaded = _loaded_by("import areion_router")
    assert not loaded & {"asyncio", "socket", "ssl", "typing_extensions", "importlib.metadata"}


# What a server in production never needs; and what is needed only when asked for.
NOT_BY_IMPORT = {
    "areion.cli",
    "areion.dev",
    "jinja2",
    "areion.testing",
    "click",
    "http.client",
    "importlib.metadata",
    "multiprocessing",
    "pytest",
    "rich",
    "sqlite3",
    "unittest",
    "watchfiles",
}


def test_umbrella_imports_nothing_for_development() -> None:
    """`import areion` loads no development mode, no command line, no plugin look-up, no database."""
    loaded = _loaded_by("import areion")
    wrong = {module for module in loaded for barred in NOT_BY_IMPORT if f"{module}.".startswith(f"{barred}.")}
    assert wrong == set()


def test_umbrella_stays_small() -> None:
    """`import areion` stays within a budget of modules, those of the standard library included.

    Nothing here measures time; the number of modules is what makes an import slow, and it creeps.
    """
    assert len(_loaded_by("import areion")) <= 330


@pytest.mark.parametrize("module", ["areion.base", "areion.core", "areion.default", "areion.utils"])
def test_predecessors_modules_lead_on(module: str) -> None:
    """The modules that Areion 1's documents name can be imported on their own, first."""
    assert module in _loaded_by(f"import {module}")
