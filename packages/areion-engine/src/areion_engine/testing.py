"""The contract of `BaseEngine` as tests that any implementation can inherit, and a double.

Strategy: plain asserts in methods that pytest finds in a subclass; nothing here imports a test framework.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from html import escape

from areion_engine.base import BaseEngine

GREETING = "greeting.html"
"""The name of the one template that the contract needs."""


class EngineContract:
    """What every implementation of `BaseEngine` must do. Inherit it in a class that pytest collects.

    Example:
        A test module of an engine called `Mustache` says::

            class TestMustache(EngineContract):
                def make_engine(self):
                    return Mustache({"greeting.html": "<p>Hello, {{name}}!</p>"})
    """

    def make_engine(self) -> BaseEngine:
        """Return a new engine with a template `greeting.html`; the implementer's part.

        Filled in with a `name`, the template must give `<p>Hello, NAME!</p>`, with the name escaped for HTML.
        """
        raise TypeError(f"{type(self).__name__} must define make_engine()")

    def test_is_a_base_engine(self) -> None:
        """It is a `BaseEngine`."""
        assert isinstance(self.make_engine(), BaseEngine)

    def test_renders_with_the_context(self) -> None:
        """`render()` returns the template's text as a str, filled in with the context."""
        engine = self.make_engine()
        assert engine.render(GREETING, {"name": "Ada"}) == "<p>Hello, Ada!</p>"
        assert engine.render(GREETING, {"name": "Grace"}) == "<p>Hello, Grace!</p>"

    def test_escapes_values_for_html(self) -> None:
        """Markup in a value of an HTML template cannot become markup of the page."""
        text = self.make_engine().render(GREETING, {"name": '<script src="x">&'})
        assert "<script" not in text
        assert "&lt;script" in text

    def test_does_not_change_the_context(self) -> None:
        """The caller's mapping is as it was."""
        context = {"name": "Ada"}
        self.make_engine().render(GREETING, context)
        assert context == {"name": "Ada"}

    def test_takes_any_text(self) -> None:
        """Values of any alphabet come out as they went in."""
        assert "naïve 日本語 🐝" in self.make_engine().render(GREETING, {"name": "naïve 日本語 🐝"})

    def test_a_missing_template_is_a_lookup_error_that_names_it(self) -> None:
        """A template that does not exist raises a `LookupError` with its name, sync and async."""
        engine = self.make_engine()

        def render_async(template_name: str, context: Mapping[str, object]) -> str:
            return asyncio.run(engine.render_async(template_name, context))

        for render in (engine.render, render_async):
            try:
                render("no-such.html", {})
            except LookupError as error:
                said = str(error)
            else:
                raise AssertionError("a missing template raises LookupError")
            assert "no-such.html" in said

    def test_cannot_be_led_out_of_its_templates(self) -> None:
        """A name with dot segments, or an absolute one, finds no file elsewhere."""
        engine = self.make_engine()
        for name in ("../" * 12 + "etc/passwd", "/etc/passwd", "..\\..\\secret.txt", "greeting.html/../../x"):
            try:
                engine.render(name, {})
            except LookupError:
                continue
            raise AssertionError(f"{name!r} raises LookupError")

    def test_renders_async(self) -> None:
        """`render_async()` gives what `render()` gives."""
        engine = self.make_engine()
        assert asyncio.run(engine.render_async(GREETING, {"name": "Ada"})) == "<p>Hello, Ada!</p>"

    def test_threads_may_share_it(self) -> None:
        """Several threads may render at a time, each with its own values."""
        engine = self.make_engine()
        wrong: list[str] = []

        def work(name: str) -> None:
            for _ in range(50):
                text = engine.render(GREETING, {"name": name})
                if text != f"<p>Hello, {name}!</p>":
                    wrong.append(text)

        threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b", "c", "d")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_takes_the_development_hook(self) -> None:
        """`set_development()` may be called at any time, and rendering goes on."""
        engine = self.make_engine()
        engine.set_development(True)
        engine.set_development(False)
        assert engine.render(GREETING, {"name": "Ada"}) == "<p>Hello, Ada!</p>"


class DictEngine(BaseEngine):
    """An engine of format strings in a dict, for tests of code that renders: it remembers what it was asked for.

    Args:
        templates: Texts by name, with places as for `str.format_map`; values are escaped for HTML. `None` takes any
            name, and renders it as the name and the context.

    Example:
        >>> engine = DictEngine({"hello.html": "Hello, {name}!"})
        >>> engine.render("hello.html", {"name": "<Ada>"})
        'Hello, &lt;Ada&gt;!'
        >>> engine.rendered
        [('hello.html', {'name': '<Ada>'})]
    """

    def __init__(self, templates: Mapping[str, str] | None = None) -> None:
        self.templates = templates
        self.rendered: list[tuple[str, dict[str, object]]] = []

    def render(self, template_name: str, context: Mapping[str, object]) -> str:
        """Return a template's text with the context's values in place.

        Raises:
            LookupError: There is no such template, or no value for one of its places.
        """
        self.rendered.append((template_name, dict(context)))
        if self.templates is None:
            return f"{template_name}: {dict(context)}"
        if template_name not in self.templates:
            raise LookupError(f"template {template_name!r} not found; there are {sorted(self.templates)}")
        return self.templates[template_name].format_map(
            {key: escape(str(value)) for key, value in context.items()}
        )
