import sys

import jinja2
import pytest
from areion_engine import Engine, EngineError, TemplateNotFoundError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with templates in two folders."""
    folder = tmp_path / "shop_for_tests"
    for name in ("templates", "mails"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.html").write_text(f"{name} of the package")
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield "shop_for_tests"
    sys.modules.pop("shop_for_tests", None)


def test_folders_are_searched_in_order(tmp_path):
    """Of several folders the first that has a template gives it."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.html").write_text(name)
    (tmp_path / "two" / "b.html").write_text("only two")
    engine = Engine([tmp_path / "one", str(tmp_path / "two")])
    assert engine.render("a.html", {}) == "one"
    assert engine.render("b.html", {}) == "only two"


def test_the_order_of_the_kinds_of_places(tmp_path, package):
    """Templates given as text come first, then folders, packages, and the loader."""
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a.html").write_text("folder")
    loader = jinja2.DictLoader({"a.html": "loader"})
    given = {
        "templates": {"a.html": "text"},
        "templates_dir": tmp_path / "f",
        "packages": package,
        "loader": loader,
    }
    found = []
    for key in list(given):
        found.append(Engine(**{"templates_dir": None, **given}).render("a.html", {}))
        del given[key]
    assert found == ["text", "folder", "templates of the package", "loader"]


def test_packages(package):
    """A package's folder `templates` is taken, or the one that is named after a colon; several are searched."""
    assert Engine(None, packages=f"{package}:mails").render("a.html", {}) == "mails of the package"
    assert Engine(None, packages=[f"{package}:mails", package]).render("a.html", {}) == "mails of the package"


@pytest.mark.parametrize("packages", ["no_such_package_here", "no_such_package_here:x"])
def test_a_package_that_does_not_exist(packages):
    """It is refused when the engine is made, by name."""
    with pytest.raises(ValueError, match=f"packages: cannot import 'no_such_package_here' for '{packages}'"):
        Engine(None, packages=packages)


def test_a_package_without_that_folder(package):
    """It is refused when the engine is made, naming both."""
    with pytest.raises(ValueError, match=f"packages: '{package}:nowhere'.*nowhere"):
        Engine(None, packages=f"{package}:nowhere")


def test_a_missing_template_names_the_places_searched(tmp_path, package):
    """The error says where it was looked for, in order, and which folder does not exist."""
    (tmp_path / "file").write_text("")
    engine = Engine(
        [tmp_path, tmp_path / "nowhere", tmp_path / "file"],
        templates={},
        packages=package,
        loader=jinja2.FunctionLoader(lambda name: None),
    )
    with pytest.raises(TemplateNotFoundError) as caught:
        engine.render("missing.html", {})
    assert caught.value.searched == (
        "a mapping of 0 templates",
        f"folder '{tmp_path}'",
        f"folder '{tmp_path}/nowhere' (does not exist)",
        f"folder '{tmp_path}/file' (is not a folder)",
        f"folder 'templates' of package '{package}'",
        "loader FunctionLoader",
    )
    for place in ("missing.html", *caught.value.searched):
        assert place in str(caught.value)


def test_a_similar_name_is_suggested():
    """A slip of the pen is met with the name that was meant."""
    with pytest.raises(TemplateNotFoundError, match=r"Did you mean 'users/profile\.html'\?"):
        Engine(None, templates={"users/profile.html": ""}).render("user/profile.html", {})


def test_a_missing_folder_is_no_error_until_a_template_is_wanted(tmp_path, monkeypatch):
    """An engine can be made where no folder is yet, and finds it when it is there."""
    monkeypatch.chdir(tmp_path)
    engine = Engine()
    with pytest.raises(TemplateNotFoundError, match=r"templates' \(does not exist\)"):
        engine.render("a.html", {})
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.html").write_text("now")
    monkeypatch.chdir("/")
    assert engine.render("a.html", {}) == "now"


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt", "a/../../secret.txt", "/../secret.txt", "..", "a/..", "./../secret.txt",
        "..\\secret.txt", "\0", "secret.txt\0.html", "", "/", ".", "folder",
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    """Dot segments, NUL, and names of no file are not found, whatever lies beside the folder."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "templates" / "folder").mkdir(parents=True)
    with pytest.raises(TemplateNotFoundError):
        Engine(tmp_path / "templates").render(name, {})


def test_an_absolute_name_stays_inside(tmp_path):
    """A leading slash means the folder's own top."""
    (tmp_path / "a.html").write_text("inside")
    engine = Engine(tmp_path)
    assert engine.render("/a.html", {}) == "inside"
    with pytest.raises(TemplateNotFoundError):
        engine.render("/etc/passwd", {})


def test_a_file_of_another_encoding(tmp_path):
    """A file that is no text in the engine's encoding is named with the byte; another encoding can be chosen."""
    (tmp_path / "a.html").write_bytes(b"na\xefve")
    with pytest.raises(
        EngineError, match=r"template 'a.html' is not text in utf-8: byte 0xef at offset 2"
    ) as caught:
        Engine(tmp_path).render("a.html", {})
    assert caught.value.template == "a.html"
    assert Engine(tmp_path, encoding="latin-1").render("a.html", {}) == "naïve"


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ({"templates_dir": 5}, TypeError, "templates_dir: expected a path, got 5"),
        ({"templates_dir": b"x"}, TypeError, "templates_dir: expected a path"),
        ({"templates_dir": None}, ValueError, "one of them must say where templates are"),
        ({"templates_dir": []}, ValueError, "one of them must say where templates are"),
        ({"templates": ["a"]}, TypeError, "templates: expected a mapping"),
        ({"templates": {"a": b"x"}}, TypeError, "templates: .*'a': b'x'"),
        ({"packages": [5]}, TypeError, "packages: expected 'package:folder', got 5"),
        ({"loader": "x"}, TypeError, "loader: expected a jinja2 loader, got str"),
        ({"cache_size": -2}, ValueError, "cache_size: .*-2"),
        ({"globals": ["x"]}, TypeError, "globals: expected a mapping of names, got list"),
        ({"filters": {"shout": "upper"}}, TypeError, "filters: 'shout' is not callable"),
        ({"tests": {"odd": 1}}, TypeError, "tests: 'odd' is not callable"),
    ],
)
def test_wrong_arguments_are_named(arguments, kind, said):
    """What cannot be meant is refused when the engine is made, by argument and value."""
    with pytest.raises(kind, match=said):
        Engine(**arguments)


def test_the_source_can_be_read_through_the_loader(tmp_path):
    """Tools that read a template's source from the environment's loader get it, or the same clear errors."""
    (tmp_path / "a.html").write_text("source")
    (tmp_path / "b.html").write_bytes(b"\xff")
    env = Engine(tmp_path).env
    assert env.loader.get_source(env, "a.html")[0] == "source"
    with pytest.raises(TemplateNotFoundError, match="missing"):
        env.loader.get_source(env, "missing.html")
    with pytest.raises(EngineError, match="byte 0xff"):
        env.loader.get_source(env, "b.html")
