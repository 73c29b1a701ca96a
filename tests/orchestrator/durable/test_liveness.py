from __future__ import annotations

import os
import subprocess
import sys

import pytest
from areion_orchestrator.durable._liveness import Owner

PROGRAM = """
import sys
from pathlib import Path
from areion_orchestrator.durable._liveness import Owner
owner = Owner(Path(sys.argv[1]))
print(owner.id, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tasks.db"


def test_an_owner_lives_as_long_as_its_process(path):
    """Another process is alive until it ends, however it ends; then its lock file goes."""
    owner = Owner(path)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    other = process.stdout.readline().strip()
    assert owner.others() == [other]
    assert owner.is_alive(other)
    process.kill()
    process.communicate()
    assert not owner.is_alive(other)
    assert owner.others() == []
    owner.release()


def test_two_owners_in_one_process(path):
    """Each sees the other as alive until it is released, and itself always."""
    one, two = Owner(path), Owner(path)
    assert one.is_alive(two.id)
    assert two.is_alive(one.id)
    assert one.is_alive(one.id)
    two.release()
    assert not one.is_alive(two.id)
    one.release()
    assert list(path.parent.iterdir()) == []


def test_an_owner_without_a_lock_file_is_dead(path):
    """A file that is gone belongs to nobody who lives."""
    owner = Owner(path)
    assert not owner.is_alive("0" * 32)
    owner.release()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX")
def test_a_forked_child_does_not_keep_its_parent_alive(path):
    """A child that outlives a killed process gives up its copy of the lock; the store's owner counts as dead."""
    program = (
        "import os, sys, time, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from areion_orchestrator import Orchestrator\n"
        "orchestrator = Orchestrator(store=sys.argv[1])\n"
        "orchestrator.start()\n"
        "print(orchestrator._backend.durable._session.owner.id, flush=True)\n"
        "if os.fork() == 0:\n"
        "    print('child', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    os._exit(0)\n"
        "sys.stdin.readline()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    parent = process.stdout.readline().strip()
    assert process.stdout.readline() == "child\n"
    owner = Owner(path)
    assert owner.is_alive(parent)
    process.kill()
    process.wait()
    assert not owner.is_alive(parent)
    process.communicate("\n")
    owner.release()
