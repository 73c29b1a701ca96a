"""What the reference says is what the code does."""

import inspect
import re
import runpy
import tomllib
from dataclasses import Field, fields
from pathlib import Path

import areion_http
import pytest
from areion import AreionServerBuilder
from areion.cli.main import build_parser
from areion_http import FormLimits, HttpConfig, HttpError, HttpServer

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
HTTP = (ROOT / "packages/areion-http/README.md").read_text(encoding="utf-8")
PUBLIC: dict[str, list[str]] = runpy.run_path(str(Path(__file__).with_name("public_names.py")))["PUBLIC"]


def _table(page: str, heading: str) -> dict[str, list[str]]:
    """The rows of the first table below a line, by what stands in code at their beginning."""
    _, _, below = page.partition(f"\n{heading}")
    lines = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert lines is not None
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[0].splitlines()[2:]]
    return {row[0].split("`")[1]: row for row in rows}


@pytest.mark.parametrize("field", fields(HttpConfig), ids=lambda field: field.name)
def test_limit_is_documented_with_its_default(field: Field[object]) -> None:
    """Every limit and deadline stands in the reference with the default that it has."""
    row = re.search(rf"^\| `{field.name}`[^|]*\| ([^|]+) \|", CONFIGURATION, re.MULTILINE)
    assert row is not None
    assert row[1] == str(field.default)


def test_every_builder_method_is_documented() -> None:
    """Every `with_*` method of the builder stands in the reference."""
    methods = [name for name, _ in inspect.getmembers(AreionServerBuilder) if name.startswith("with_")]
    assert [name for name in methods if f"`{name}(" not in CONFIGURATION] == []


def test_reference_names_no_method_that_is_not_there() -> None:
    """Every `with_*` that a page names is a method of the builder."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("packages/areion/*.md")]
    named = {
        name for page in pages for name in re.findall(r"\bwith_\w+(?=\()", page.read_text(encoding="utf-8"))
    }
    assert {name for name in named if not hasattr(AreionServerBuilder, name)} == set()


def test_every_page_is_in_the_navigation() -> None:
    """The site's navigation leads to every page."""
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md")}
    assert {page for page in pages if f" {page}\n" not in navigation} == set()


def test_pages_name_no_command_that_is_not_there() -> None:
    """Every `areion COMMAND` that a page names is one of the command line's."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("packages/areion/*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    named = set(re.findall(r"(?:`|^\$ |/bin/)areion ([a-z]+)", text, re.MULTILINE))
    usage = build_parser().format_help()
    assert named
    assert {name for name in named if not re.search(rf"^ +{name}( |$)", usage, re.MULTILINE)} == set()


def test_every_command_is_documented() -> None:
    """Every command stands in the page on the command line."""
    page = (ROOT / "docs/guide/command-line.md").read_text(encoding="utf-8")
    commands = re.findall(r"^ {4}([a-z]+)(?: |$)", build_parser().format_help(), re.MULTILINE)
    assert commands
    assert [command for command in commands if f"`areion {command}" not in page] == []


def test_the_readme_of_the_server_has_every_limit() -> None:
    """Its table is the fields of ``HttpConfig``, in their order, with their defaults, and says which can be off."""
    table = _table(HTTP, "### Limits and deadlines")
    assert list(table) == [field.name for field in fields(HttpConfig)]
    for field in fields(HttpConfig):
        assert table[field.name][1] == str(field.default)
        can_be_off = True
        try:
            HttpConfig(**{field.name: None})
        except ValueError:
            can_be_off = False
        assert table[field.name][0].endswith("\\*") == can_be_off, field.name
        assert (f"`{field.name}` \\*" in CONFIGURATION) == can_be_off, field.name


def test_both_tables_of_limits_say_the_same() -> None:
    """The statuses that a limit leads to are the same in the readme and in the reference."""
    for name, row in _table(HTTP, "### Limits and deadlines").items():
        reference = re.search(rf"^\| `{name}`.*", CONFIGURATION, re.MULTILINE)
        assert reference is not None
        assert re.findall(r"\b[45]\d\d\b", row[3]) == re.findall(
            r"\b[45]\d\d\b", reference[0].rpartition(" | ")[2]
        ), name


def test_the_readme_of_the_server_has_every_limit_of_forms() -> None:
    """Its table is the fields of ``FormLimits`` with their defaults."""
    table = _table(HTTP, "`upload.filename`")
    assert {name: row[1] for name, row in table.items()} == {
        field.name: str(field.default) for field in fields(FormLimits)
    }


def test_the_readme_of_the_server_has_every_option() -> None:
    """Its table is the keywords of ``HttpServer`` with their defaults."""
    keywords = [each for each in inspect.signature(HttpServer).parameters.values() if each.name != "handler"]
    table = _table(HTTP, "## Options")
    assert list(table) == [each.name for each in keywords]
    for each in keywords:
        text = table[each.name][1].strip("`")
        assert text == "HttpRequest" if each.name == "request_class" else eval(text) == each.default


def test_the_readme_of_the_server_has_every_error_with_its_status() -> None:
    """Its table is the exceptions that the package exports."""
    table = _table(HTTP, "## Errors")
    exported = {name: getattr(areion_http, name) for name in areion_http.__all__}
    errors = {
        name: value
        for name, value in exported.items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert {name.partition("(")[0] for name in table} == set(errors)
    for name, error in errors.items():
        if issubclass(error, HttpError) and name in table and table[name][1].isdecimal():
            assert table[name][1] == str(error.status_code)


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_is_documented(package: str) -> None:
    """Each stands in the readme of its package; those of the umbrella may stand in the documentation."""
    pages = [ROOT / "packages" / package.replace("_", "-") / "README.md"]
    if package == "areion":
        pages += ROOT.glob("docs/**/*.md")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert [
        name for name in PUBLIC[package] if name != "__version__" and not re.search(rf"\b{name}\b", text)
    ] == []


def test_pages_name_no_hatch_script_that_is_not_there() -> None:
    """Every `hatch run …` of the pages is a script of an environment in hatch.toml."""
    environments = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("packages/*/*.md")]
    pages += [*ROOT.glob("tests/**/*.md")]
    named = {
        (environment if script else "default", script or environment)
        for page in pages
        for environment, script in re.findall(
            r"(?:hatch|hatch\.py) run ([a-z]+)(?::([a-z]+))?", page.read_text(encoding="utf-8")
        )
    }
    assert ("default", "serve") in named
    assert {name for name in named if name[1] not in environments[name[0]]["scripts"]} == set()
