import string
from html import escape

import pytest
from areion_engine import BaseEngine, Engine
from areion_engine.testing import DictEngine, EngineContract


class TestEngine(EngineContract):
    """The default engine keeps its own contract."""

    def make_engine(self):
        return Engine(None, templates={"greeting.html": "<p>Hello, {{ name }}!</p>"})


class TestEngineInAFolder(EngineContract):
    """The default engine keeps its own contract with files, too."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        (tmp_path / "greeting.html").write_text("<p>Hello, {{ name }}!</p>")
        self.folder = tmp_path

    def make_engine(self):
        return Engine(self.folder, sandboxed=True)


class TestDictEngine(EngineContract):
    """The double keeps the contract as well."""

    def make_engine(self):
        return DictEngine({"greeting.html": "<p>Hello, {name}!</p>"})


class Stranger(BaseEngine):
    """An implementation of somebody else's: `string.Template`."""

    templates = {"greeting.html": "<p>Hello, $name!</p>"}

    def render(self, template_name, context):
        if template_name not in self.templates:
            raise LookupError(template_name)
        values = {key: escape(str(value)) for key, value in context.items()}
        return string.Template(self.templates[template_name]).substitute(values)


class TestStranger(EngineContract):
    """The contract can be kept by one method."""

    def make_engine(self):
        return Stranger()


def test_the_contract_catches_an_engine_that_does_not_escape():
    """An engine that lets markup through fails the contract."""

    class Contract(EngineContract):
        __test__ = False

        def make_engine(self):
            return Engine(None, templates={"greeting.html": "<p>Hello, {{ name }}!</p>"}, autoescape=False)

    with pytest.raises(AssertionError):
        Contract().test_escapes_values_for_html()


def test_the_double_remembers():
    """What was rendered, with which values, can be looked at; without templates any name will do."""
    engine = DictEngine()
    assert engine.render("any.html", {"a": 1}) == "any.html: {'a': 1}"
    assert engine.rendered == [("any.html", {"a": 1})]
