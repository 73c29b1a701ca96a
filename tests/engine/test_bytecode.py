import asyncio
import os

import pytest
from areion_engine import Engine, SecurityError


def files(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("*.cache")}


def test_compiled_templates_survive_the_engine(tmp_path):
    """A second engine finds the first one's code, and does not write it again."""
    cache = tmp_path / "cache"
    for _ in range(2):
        engine = Engine(None, templates={"a": "{{ v }}"}, bytecode_cache=cache)
        assert engine.render("a", {"v": 1}) == "1"
        before = files(cache)
        assert len(before) == 1
    assert files(cache) == before
    assert cache.stat().st_mode & 0o777 == 0o700


def test_a_changed_template_is_compiled_anew(tmp_path):
    """Code of an older text is not used."""
    for text in ("one", "two"):
        assert Engine(None, templates={"a": text}, bytecode_cache=tmp_path).render("a", {}) == text


def test_code_of_another_kind_is_never_taken(tmp_path):
    """Code compiled without sandbox, awaiting or escaping does not run in an engine that has them."""
    templates = {"a.html": "{{ v.__class__ }}"}
    plain = Engine(None, templates=templates, bytecode_cache=tmp_path)
    assert "&lt;class" in plain.render("a.html", {"v": 1})
    assert "&lt;class" in asyncio.run(plain.render_async("a.html", {"v": 1}))
    unescaped = Engine(None, templates=templates, bytecode_cache=tmp_path, autoescape=lambda name: False)
    assert "<class" in unescaped.render("a.html", {"v": 1})
    with pytest.raises(SecurityError):
        Engine(
            None, templates={"a.html": "{{ v.__class__.x }}"}, bytecode_cache=tmp_path, sandboxed=True
        ).render("a.html", {"v": 1})
    sandboxed = Engine(None, templates=templates, bytecode_cache=tmp_path, sandboxed=True)
    assert "class" not in sandboxed.render("a.html", {"v": 1})
    assert len(files(tmp_path)) == 4


def test_a_folder_for_everybody_is_refused(tmp_path):
    """What lies in the folder is run, so one that everybody may write to is refused."""
    os.chmod(tmp_path, 0o777)
    with pytest.raises(ValueError, match=f"bytecode_cache: everybody may write to '{tmp_path}'"):
        Engine(None, templates={}, bytecode_cache=tmp_path)


def test_what_is_no_folder_is_refused(tmp_path):
    """A file, or what is no path at all, is named."""
    (tmp_path / "f").write_text("")
    with pytest.raises(ValueError, match="is not a folder"):
        Engine(None, templates={}, bytecode_cache=tmp_path / "f")
    with pytest.raises(TypeError, match="bytecode_cache: expected a path, got 5"):
        Engine(None, templates={}, bytecode_cache=5)
