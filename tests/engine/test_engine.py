import asyncio
import os

import jinja2
import jinja2.ext
import pytest
from areion_engine import Engine, TemplateSyntaxError, UndefinedError


def one(source, **options):
    """An engine with one template, `t.html`."""
    return Engine(None, templates={"t.html": source}, **options)


def test_renders_from_the_default_folder(tmp_path, monkeypatch):
    """As with the predecessor, `Engine()` renders what lies in `templates`, and has Jinja's environment."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "home.html").write_text("Hello, {{ name }}!")
    monkeypatch.chdir(tmp_path)
    engine = Engine()
    assert engine.render("home.html", {"name": "Ada"}) == "Hello, Ada!"
    assert isinstance(engine.env, jinja2.Environment)


def test_templates_escape_by_themselves():
    """The predecessor's templates let markup through; these do not."""
    assert one("{{ v }}").render("t.html", {"v": "<script>"}) == "&lt;script&gt;"


def test_globals_filters_tests_and_extensions():
    """What a template may use can be given, and be added to later."""

    def shout(text):
        return text.upper()

    engine = one(
        "{{ site }} {{ 'a' | shout }} {{ 4 is square }} {% do names.append(1) %}{{ names }}",
        globals={"site": "Shop"},
        filters={"shout": shout},
        tests={"square": lambda n: n in (1, 4, 9)},
        extensions=["jinja2.ext.do"],
    )
    assert engine.render("t.html", {"names": []}) == "Shop A True [1]"
    engine.env.filters["shout"] = lambda text: text + "!"
    engine.env.globals["site"] = "New"
    assert engine.render_string("{{ site }} {{ 'a' | shout }}", {}) == "New a!"


def test_undefined_variables_are_lenient_or_strict():
    """A missing variable is empty by default, and an error in strict mode."""
    assert one("[{{ nope }}]").render("t.html", {}) == "[]"
    with pytest.raises(UndefinedError, match="line 1: 'nope' is undefined"):
        one("[{{ nope }}]", strict=True).render("t.html", {})


def test_whitespace_options():
    """Trimming and the last newline are as Jinja's options say."""
    source = "{% if 1 %}\n  {% if 1 %}\nx\n  {% endif %}\n{% endif %}\n"
    assert one(source).render("t.html", {}) == "\n  \nx\n  \n"
    assert one(source, trim_blocks=True, lstrip_blocks=True).render("t.html", {}) == "x\n"
    assert one("x\n", keep_trailing_newline=True).render("t.html", {}) == "x\n"


def test_inheritance_includes_and_macros():
    """Templates extend, include and import each other, across places."""
    engine = Engine(
        None,
        templates={
            "base.html": "<{% block b %}{% endblock %}>",
            "page.html": (
                "{% extends 'base.html' %}{% import 'm.html' as m %}"
                "{% block b %}{{ m.hi(n) }}{% include 'i.html' %}{% endblock %}"
            ),
            "m.html": "{% macro hi(n) %}hi {{ n }}{% endmacro %}",
        },
        loader=jinja2.DictLoader({"i.html": ", {{ n }}"}),
    )
    assert engine.render("page.html", {"n": "&"}) == "<hi &amp;, &amp;>"


@pytest.mark.parametrize("context", [[], "a", 5, [("a", 1)], {"a"}])
def test_a_context_that_is_no_mapping_is_refused(context):
    """The error names the template and the type."""
    engine = one("x")
    with pytest.raises(
        TypeError, match=rf"context for 't.html': expected a mapping, got {type(context).__name__}"
    ):
        engine.render("t.html", context)
    with pytest.raises(TypeError, match="expected a mapping"):
        asyncio.run(engine.render_async("t.html", context))


def test_any_mapping_is_a_context_and_none_is_empty():
    """Mappings of any kind are taken, and are not changed; without one there are no values."""
    import types

    engine = one("{% set a = 2 %}{{ a }}{{ b }}")
    context = types.MappingProxyType({"a": 1, "b": 3})
    assert engine.render("t.html", context) == "23"
    assert engine.render("t.html") == engine.render("t.html", None) == "2"


def test_a_name_that_is_no_text_is_refused():
    """The error names the value and its type."""
    with pytest.raises(TypeError, match="template_name: expected a str, got None of type NoneType"):
        one("x").render(None, {})


def test_compiled_templates_are_kept(tmp_path):
    """Without reload a changed file is not seen, and not even looked for."""
    path = tmp_path / "t.html"
    path.write_text("one")
    engine = Engine(tmp_path)
    assert engine.render("t.html", {}) == "one"
    path.unlink()
    assert engine.render("t.html", {}) == "one"
    assert engine.env.get_template("t.html") is engine.env.get_template("t.html")


@pytest.mark.parametrize("auto_reload", [None, True])
def test_changes_are_seen_in_development(tmp_path, auto_reload):
    """In development mode, or with `auto_reload=True`, the next use sees a changed file, sync and async."""
    path = tmp_path / "t.html"
    path.write_text("one")
    engine = Engine(tmp_path, auto_reload=auto_reload)
    assert engine.render("t.html", {}) == asyncio.run(engine.render_async("t.html", {})) == "one"
    engine.set_development(True)
    path.write_text("two")
    os.utime(path, (1, 1))
    assert engine.render("t.html", {}) == asyncio.run(engine.render_async("t.html", {})) == "two"
    engine.set_development(False)
    path.write_text("three")
    os.utime(path, (2, 2))
    expected = "three" if auto_reload else "two"
    assert engine.render("t.html", {}) == asyncio.run(engine.render_async("t.html", {})) == expected


def test_reload_that_was_refused_stays_off(tmp_path):
    """`auto_reload=False` holds in development mode too."""
    engine = Engine(tmp_path, auto_reload=False)
    engine.set_development(True)
    assert engine.env.auto_reload is False


async def test_coroutine_functions_are_awaited():
    """Coroutine functions as globals, values, methods, filters, and in loops, are awaited where they stand."""

    class User:
        async def name(self):
            await asyncio.sleep(0)
            return "<Ada>"

    async def numbers():
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    async def fetch(what):
        await asyncio.sleep(0)
        return what * 2

    engine = one(
        "{{ fetch('a') }} {{ user.name() }} {% for n in numbers() %}{{ n }}{% endfor %} "
        "{{ 'b' | fetch }} {{ later }} {{ f(1) }}",
        globals={"fetch": fetch},
        filters={"fetch": fetch},
    )
    text = await engine.render_async(
        "t.html", {"user": User(), "numbers": numbers, "later": fetch("c"), "f": lambda n: fetch(n)}
    )
    assert text == "aa &lt;Ada&gt; 012 bb cc 2"


async def test_sync_rendering_works_inside_a_running_loop():
    """`render` needs no loop of its own, also after `render_async` was used."""
    engine = one("{{ v }}")
    assert await engine.render_async("t.html", {"v": 1}) == "1"
    assert engine.render("t.html", {"v": 1}) == "1"


async def test_async_renderings_run_side_by_side():
    """Two renderings on one loop wait at the same time, each with its own values."""
    arrived = []
    both = asyncio.Event()

    async def meet(name):
        arrived.append(name)
        if len(arrived) == 2:
            both.set()
        await both.wait()
        return name

    engine = one("{{ meet(name) }}", globals={"meet": meet})
    texts = await asyncio.wait_for(
        asyncio.gather(*(engine.render_async("t.html", {"name": n}) for n in "ab")), 30
    )
    assert texts == ["a", "b"]


async def test_the_async_environment_has_what_the_other_has():
    """Filters, globals, sandbox and escaping are the same in both, also those added later."""
    engine = one("{{ '<' }}{{ g }}{{ 1 | f }}", filters={"f": lambda n: n + 1}, sandboxed=True)
    engine.env.globals["g"] = "&"
    assert await engine.render_async("t.html", {}) == engine.render("t.html", {}) == "&lt;&amp;2"


def test_render_string():
    """Text is a template too: escaped, with globals, able to include; it must be text."""
    engine = one("included {{ v }}")
    assert engine.render_string("{{ v }} {% include 't.html' %}", {"v": "<"}) == "&lt; included &lt;"
    with pytest.raises(TypeError, match="source: expected a str, got 5"):
        engine.render_string(5)


def test_preload_finds_a_broken_template():
    """All templates can be compiled at start, so that a mistake does not wait for a request."""
    engine = Engine(None, templates={"a.html": "x", "b.html": "{% if %}", "c.txt": "y"})
    assert engine.preload(lambda name: name != "b.html") == ["a.html", "c.txt"]
    with pytest.raises(TemplateSyntaxError, match=r"'b\.html', line 1"):
        engine.preload()


def test_the_cache_has_a_bound():
    """No more compiled templates are kept than was said."""
    engine = Engine(None, templates={str(n): "x" for n in range(20)}, cache_size=5)
    for n in range(20):
        engine.render(str(n), {})
    assert len(engine.env.cache) == 5
