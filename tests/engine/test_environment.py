import pytest
from areion_engine import Engine, RenderError, SecurityError
from areion_engine._environment import escapes_by_name


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("a.html", True), ("a.HTM", True), ("a.xml", True), ("a.xhtml", True), ("a.svg", True),
        ("a.html.j2", True), ("a.xml.jinja", True), ("a.jinja2", True), ("a", True), ("dir.txt/a", True),
        ("a.unknown", True), (None, True),
        ("a.txt", False), ("a.TXT", False), ("a.txt.j2", False), ("a.json", False), ("a.md.jinja2", False),
        ("a.js", False), ("a.csv.tmpl", False),
    ],
)  # fmt: skip
def test_escaping_goes_by_the_name(name, escaped):
    """All is escaped for HTML, but what a suffix, before one that says `template`, says is plain text."""
    assert escapes_by_name(name) is escaped
    engine = Engine(None, templates={name: "{{ v }}"} if name else {})
    text = engine.render(name, {"v": "<&>"}) if name else engine.render_string("{{ v }}", {"v": "<&>"})
    assert text == ("&lt;&amp;&gt;" if escaped else "<&>")


def test_escaping_can_be_chosen():
    """It can be on or off for all, or decided by a function."""
    templates = {"a.html": "{{ v }}", "a.txt": "{{ v }}"}
    for autoescape, expected in ((True, "&lt;&lt;"), (False, "<<"), (lambda name: name == "a.txt", "<&lt;")):
        engine = Engine(None, templates=templates, autoescape=autoescape)
        assert engine.render("a.html", {"v": "<"}) + engine.render("a.txt", {"v": "<"}) == expected


def test_markup_and_safe_are_left_alone():
    """Values that are markup on purpose are not escaped again."""
    assert Engine(None, templates={"a": "{{ v | safe }}"}).render("a", {"v": "<b>"}) == "<b>"


async def nobody_awaits():
    """A coroutine function that sync rendering cannot await."""


def test_a_coroutine_is_never_written():
    """A coroutine function called in sync rendering is an error that says what to do, and leaves no warning."""
    engine = Engine(None, templates={"a": "\n{{ f() }}"}, globals={"f": nobody_awaits})
    with pytest.raises(
        RenderError, match=r"'a', line 2: the coroutine nobody_awaits\(\) was not awaited.*render_async"
    ):
        engine.render("a", {})


def test_finalize_is_applied_to_each_value():
    """A function of the user's sees each value before it is written."""
    engine = Engine(None, templates={"a": "[{{ v }}]"}, finalize=lambda value: "" if value is None else value)
    assert engine.render("a", {"v": None}) == "[]"


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__ }}{{ ''.__class__.__mro__ }}",
        "{{ f.__globals__ }}{{ f.__globals__['x'] }}",
        "{{ ''['__class__']['__base__'] }}",
        "{{ '{0.__class__.__mro__}'.format('') }}",
        "{{ basket.append(1) }}",
        "{{ names.update(a=1) }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'a' * 10 ** 8 }}",
        "{{ [1] * 10 ** 8 }}",
        "{{ 10 ** 8 * [1] }}",
        "{{ '%09999999d' % 1 }}",
        "{{ '%(a).9999999f' % {'a': 1} }}",
        "{{ '%*d' % (9999999, 1) }}",
        "{% for i in range(10 ** 8) %}{% endfor %}",
        "{{ ''|attr('__class__')|attr('mro') }}{{ (''|attr('__class__')).x }}",
    ],
)
def test_the_sandbox_holds(attack):
    """Templates of strangers reach no internals, change nothing, and make nothing huge by arithmetic."""
    basket, names = [], {}
    engine = Engine(None, templates={"t": attack}, sandboxed=True)
    try:
        text = engine.render("t", {"f": nobody_awaits, "basket": basket, "names": names})
    except (SecurityError, RenderError):
        text = ""
    assert "class" not in text
    assert len(text) < 100_000
    assert (basket, names) == ([], {})


def test_the_sandbox_lets_ordinary_templates_work():
    """Ordinary arithmetic, loops and calls are as they are outside."""
    engine = Engine(
        None,
        templates={
            "t": "{{ 2 ** 10 }} {{ 'ab' * 2 }} {{ 3 * 4 }} {{ 2.0 ** 3 }} {{ 7 % 4 }} {{ '%06.2f%%' % 2 }}"
            " {{ s.upper() }}"
        },
        sandboxed=True,
    )
    assert engine.render("t", {"s": "x"}) == "1024 abab 12 8.0 3 002.00% X"
