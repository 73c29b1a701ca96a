import asyncio
import pickle
import traceback

import jinja2
import jinja2.sandbox
import pytest
from areion_engine import (
    Engine,
    EngineError,
    RenderError,
    SecurityError,
    TemplateNotFoundError,
    TemplateSyntaxError,
    UndefinedError,
)

TEMPLATES = {
    "undefined.html": "one\n{{ user.name }}",
    "divides.html": "{# #}\n\n{{ 1 / 0 }}",
    "filter.html": "{{ 5 | join }}",
    "calls.html": "\n{{ fail() }}",
    "arguments.html": "{{ fail(1) }}",
    "broken.html": "hi\n{% if %}",
    "unknown.html": "\n\n{{ 1 | nosuchfilter }}",
    "includes.html": "a\nb\n{% include 'nosuch.html' %}",
    "includes_several.html": "{% include ['x.html', 'y.html'] %}",
    "extends.html": "{% extends 'nosuch.html' %}",
    "imports_broken.html": "\n{% import 'broken.html' as broken %}",
    "base.html": "{% block body %}{% endblock %}",
    "child.html": "{% extends 'base.html' %}\n{% block body %}\n{{ missing.x }}{% endblock %}",
    "macro.html": "{% macro m(x) %}\n{{ x.y.z }}{% endmacro %}",
    "uses_macro.html": "{% from 'macro.html' import m %}\n\n{{ m(1) }}",
    "optional.html": "[{% include 'nosuch.html' ignore missing %}]",
}


def fail():
    raise PermissionError("not yours")


@pytest.fixture(params=["sync", "async"])
def render(request):
    engine = Engine(None, templates=TEMPLATES, globals={"fail": fail})
    if request.param == "sync":
        return engine.render
    return lambda *args: asyncio.run(engine.render_async(*args))


@pytest.mark.parametrize(
    ("name", "kind", "also", "template", "line", "said"),
    [
        ("undefined.html", UndefinedError, jinja2.UndefinedError, "undefined.html", 2, "'user' is undefined"),
        ("child.html", UndefinedError, jinja2.UndefinedError, "child.html", 3, "'missing' is undefined"),
        ("uses_macro.html", UndefinedError, jinja2.UndefinedError, "macro.html", 2, "has no attribute 'y'"),
        (
            "divides.html",
            RenderError,
            jinja2.TemplateRuntimeError,
            "divides.html",
            3,
            "ZeroDivisionError: division",
        ),
        (
            "filter.html",
            RenderError,
            jinja2.TemplateError,
            "filter.html",
            1,
            "TypeError: 'int' object is not iterable",
        ),
        (
            "arguments.html",
            RenderError,
            jinja2.TemplateError,
            "arguments.html",
            1,
            "takes 0 positional arguments",
        ),
        ("broken.html", TemplateSyntaxError, jinja2.TemplateSyntaxError, "broken.html", 2, "{% if %}"),
        (
            "unknown.html",
            TemplateSyntaxError,
            jinja2.TemplateSyntaxError,
            "unknown.html",
            3,
            "'nosuchfilter'",
        ),
        (
            "imports_broken.html",
            TemplateSyntaxError,
            jinja2.TemplateSyntaxError,
            "broken.html",
            2,
            "{% if %}",
        ),
    ],
)
def test_an_error_names_template_and_line(render, name, kind, also, template, line, said):
    """An error of a template is an `EngineError` and one of Jinja's kinds, and names template and line."""
    with pytest.raises(kind) as caught:
        render(name, {})
    error = caught.value
    assert isinstance(error, EngineError)
    assert isinstance(error, also)
    assert (error.template, error.line) == (template, line)
    assert repr(template) in str(error)
    assert f"line {line}" in str(error)
    assert said in str(error)


@pytest.mark.parametrize(
    ("name", "names", "line"),
    [
        ("includes.html", ("nosuch.html",), 3),
        ("includes_several.html", ("x.html", "y.html"), 1),
        ("extends.html", ("nosuch.html",), 1),
    ],
)
def test_a_missing_part_names_who_asked_for_it(render, name, names, line):
    """A template that another one includes or extends in vain is named, with that other one and its line."""
    with pytest.raises(TemplateNotFoundError) as caught:
        render(name, {})
    error = caught.value
    assert (error.names, error.template, error.line) == (names, name, line)
    assert isinstance(error, jinja2.TemplateNotFound)
    assert isinstance(error, LookupError)
    for text in (*names, f"asked for by '{name}', line {line}", "a mapping of"):
        assert text in str(error)


def test_ignore_missing_works(render):
    """Jinja's own handling of missing includes is left working."""
    assert render("optional.html", {}) == "[]"


def test_what_python_code_raises_goes_on_as_it_is(render):
    """An exception of the program's own keeps its type, so that its handler applies, and has a note."""
    with pytest.raises(PermissionError, match="not yours") as caught:
        render("calls.html", {})
    assert caught.value.__notes__ == ["while rendering template 'calls.html', line 2"]


def test_python_reason_is_the_cause(render):
    """What Python said of a template's mistake is kept."""
    with pytest.raises(RenderError) as caught:
        render("divides.html", {})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_the_traceback_shows_the_line_of_the_file(tmp_path):
    """For a template in a file, the traceback shows its line."""
    (tmp_path / "page.html").write_text("one\n{{ user.name }}\n")
    with pytest.raises(UndefinedError) as caught:
        Engine(tmp_path).render("page.html", {})
    text = "".join(traceback.format_exception(caught.value))
    assert f'File "{tmp_path}/page.html", line 2' in text
    assert "{{ user.name }}" in text


def test_a_string_is_named_as_such():
    """Errors of templates given as text say so."""
    engine = Engine(None, templates={})
    with pytest.raises(UndefinedError, match=r"template '<string>', line 1"):
        engine.render_string("{{ a.b }}", {})
    with pytest.raises(TemplateSyntaxError, match=r"template '<string>', line 1"):
        engine.render_string("{% if %}", {})


def test_the_sandbox_has_its_own_error():
    """A template that breaks out is a `SecurityError`, also for Jinja's."""
    engine = Engine(None, templates={"t": "{{ ''.__class__.__mro__ }}"}, sandboxed=True)
    with pytest.raises(SecurityError, match=r"'t', line 1.*unsafe") as caught:
        engine.render("t", {})
    assert isinstance(caught.value, jinja2.sandbox.SecurityError)


def test_errors_can_be_sent_between_processes():
    """Errors survive pickling with their text, for process pools."""
    engine = Engine(None, templates=TEMPLATES)
    for name in ("undefined.html", "broken.html", "includes.html", "nosuch.html"):
        with pytest.raises(EngineError) as caught:
            engine.render(name, {})
        copy = pickle.loads(pickle.dumps(caught.value))
        assert type(copy) is type(caught.value)
        assert str(copy) == str(caught.value)
        assert (copy.template, copy.line) == (caught.value.template, caught.value.line)
