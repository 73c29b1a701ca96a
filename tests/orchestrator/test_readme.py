"""The programs in the package's README run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "packages" / "areion-orchestrator" / "README.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("code", [code for code in PROGRAMS if not code.startswith("# flask_app.py")])
def test_examples(code):
    """Each example runs, and its assertions hold."""
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


def test_inside_flask(tmp_path, monkeypatch):
    """The Flask program takes requests, runs its durable task, and has its job."""
    monkeypatch.chdir(tmp_path)
    (code,) = [code for code in PROGRAMS if code.startswith("# flask_app.py")]
    names = {"__name__": "flask_app"}
    exec(compile(code, "flask_app.py", "exec"), names)
    answer = names["app"].test_client().post("/mail", json={"to": "ada@example.org"})
    assert (answer.status_code, answer.json) == (202, {"accepted": True})
    (job,) = names["orchestrator"].jobs
    assert job.next_run is not None
    assert names["orchestrator"].shutdown().clean
    assert (tmp_path / "tasks.db").exists()
