"""What the reference says is what the code does."""

import inspect
import re
from dataclasses import Field, fields
from pathlib import Path

import pytest
from areion import AreionServerBuilder
from areion.cli.main import build_parser
from areion_http import HttpConfig

ROOT = Path(__file__).parents[2]
CONFIGURATION = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")


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
