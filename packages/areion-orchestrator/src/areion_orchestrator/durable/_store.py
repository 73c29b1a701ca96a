"""The file: tasks, cron jobs and their runs in SQLite.

Each method is one transaction. What to do with tasks, and when, is decided in `_manager`; who is alive, in
`_liveness`. Times are POSIX seconds and arguments here, never read from a clock.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from areion_orchestrator.errors import StoreError

# Marks the file as ours ("Areo"), and the layout below.
_APPLICATION = 0x4172656F
_VERSION = 1

# How long another process's transaction is waited for; ours take milliseconds.
_PATIENCE = 5.0

# Failed tasks are kept for a person to look at; older ones than so many give way to newer ones.
KEPT_FAILURES = 1000

_LAYOUT = """
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    arguments TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'taken', 'failed')),
    owner TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    starts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL,
    error TEXT
);
CREATE INDEX tasks_by_state ON tasks (state, due);
CREATE INDEX tasks_by_owner ON tasks (owner);
CREATE TABLE jobs (id TEXT PRIMARY KEY, cron TEXT NOT NULL, last_due REAL NOT NULL);
CREATE TABLE runs (job TEXT NOT NULL, due REAL NOT NULL, owner TEXT NOT NULL);
"""


Execute: TypeAlias = Callable[[str, tuple[object, ...]], sqlite3.Cursor]


@dataclass(frozen=True, slots=True)
class StoredTask:
    """A task as the file has it."""

    id: int
    name: str
    arguments: str
    attempts: int
    starts: int


@dataclass(frozen=True, slots=True)
class TakenRun:
    """What came of taking a firing: why not (`taken` by another process, `running` too often), or its task."""

    refusal: str | None
    task: int | None


@dataclass(frozen=True, slots=True)
class FailedTask:
    """A task that failed for good.

    Attributes:
        id: Its number in the store.
        name: The registered function's name.
        arguments: The call's arguments, as JSON.
        attempts: How many attempts were made.
        error: The last exception, with its traceback.
    """

    id: int
    name: str
    arguments: str
    attempts: int
    error: str


class TaskStore:
    """A store of tasks in one file, shared by the processes of one machine.

    Args:
        path: The file; it is made if it does not exist, its folder is not.
        power_safe: Whether each change waits until the disk has it. Without, a killed process loses nothing,
            but a power failure may lose the last moments.

    Raises:
        StoreError: The file is corrupt, locked, somebody else's, or cannot be opened.
    """

    def __init__(self, path: Path, *, power_safe: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()
        with self._errors():
            self._connection = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
        try:
            with self._errors():
                self._prepare(power_safe)
        except StoreError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def add(self, name: str, arguments: str, owner: str, now: float) -> int:
        """Keep a new task, taken by `owner`, and return its number."""
        with self._transaction() as run:
            return self._insert(run, name, arguments, owner, now)

    def remove(self, task: int) -> None:
        """Forget a task: it is done, or not wanted any more."""
        with self._transaction() as run:
            run("DELETE FROM tasks WHERE id = ?", (task,))

    def postpone(self, task: int, attempts: int, due: float) -> None:
        """Note that an attempt failed and the next is due at a later time; the task stays taken."""
        with self._transaction() as run:
            run("UPDATE tasks SET attempts = ?, due = ? WHERE id = ?", (attempts, due, task))

    def release(self, task: int) -> None:
        """Offer a taken task to whoever comes."""
        with self._transaction() as run:
            run("UPDATE tasks SET state = 'ready', owner = NULL WHERE id = ? AND state = 'taken'", (task,))

    def fail(self, task: int, error: str) -> None:
        """Note that a task failed for good."""
        with self._transaction() as run:
            run("UPDATE tasks SET state = 'failed', owner = NULL, error = ? WHERE id = ?", (error, task))
            run(
                "DELETE FROM tasks WHERE state = 'failed' AND id NOT IN "
                "(SELECT id FROM tasks WHERE state = 'failed' ORDER BY id DESC LIMIT ?)",
                (KEPT_FAILURES,),
            )

    def failed(self) -> list[FailedTask]:
        """Return the tasks that failed for good, oldest first."""
        rows = self._read(
            "SELECT id, name, arguments, attempts, error FROM tasks WHERE state = 'failed' ORDER BY id"
        )
        return [FailedTask(*row) for row in rows]

    def revive(self, task: int, now: float) -> bool:
        """Offer a failed task again, as if new; return whether there was one."""
        with self._transaction() as run:
            changed = run(
                "UPDATE tasks SET state = 'ready', attempts = 0, starts = 0, due = ?, error = NULL "
                "WHERE id = ? AND state = 'failed'",
                (now, task),
            )
            return changed.rowcount == 1

    def discard(self, task: int) -> bool:
        """Forget a failed task; return whether there was one."""
        with self._transaction() as run:
            return run("DELETE FROM tasks WHERE id = ? AND state = 'failed'", (task,)).rowcount == 1

    def take(self, names: Sequence[str], limit: int, owner: str, now: float) -> list[StoredTask]:
        """Take at most `limit` offered tasks of the given names that are due."""
        marks = ",".join("?" * len(names))
        with self._transaction() as run:
            rows = run(
                "SELECT id, name, arguments, attempts, starts + 1 FROM tasks "  # noqa: S608 - marks only
                f"WHERE state = 'ready' AND due <= ? AND name IN ({marks}) ORDER BY due, id LIMIT ?",
                (now, *names, limit),
            ).fetchall()
            for row in rows:
                run(
                    "UPDATE tasks SET state = 'taken', owner = ?, starts = starts + 1 WHERE id = ?",
                    (owner, row[0]),
                )
        return [StoredTask(*row) for row in rows]

    def names_offered(self) -> set[str]:
        """Return the names of all offered tasks."""
        return {name for (name,) in self._read("SELECT DISTINCT name FROM tasks WHERE state = 'ready'")}

    def owners(self) -> set[str]:
        """Return all owners of taken tasks and of runs."""
        rows = self._read("SELECT owner FROM tasks WHERE state = 'taken' UNION SELECT owner FROM runs")
        return {owner for (owner,) in rows}

    def recover(self, owner: str) -> int:
        """Offer again all that a dead owner had taken; return how many tasks."""
        with self._transaction() as run:
            run("DELETE FROM runs WHERE owner = ?", (owner,))
            tasks = run(
                "UPDATE tasks SET state = 'ready', owner = NULL WHERE owner = ? AND state = 'taken'", (owner,)
            )
            return tasks.rowcount

    def see_job(self, job: str, cron: str, now: float) -> float:
        """Note that a job exists, and return since when its firings count.

        That is the last one that any process took; or now, if the job is new, has another schedule, or was
        last taken by a clock that ran ahead.
        """
        with self._transaction() as run:
            row = run("SELECT last_due FROM jobs WHERE id = ? AND cron = ?", (job, cron)).fetchone()
            if row is not None and row[0] <= now:
                return float(row[0])
            run("INSERT OR REPLACE INTO jobs (id, cron, last_due) VALUES (?, ?, ?)", (job, cron, now))
            return now

    def take_run(
        self,
        job: str,
        due: float,
        owner: str,
        most: int,
        is_alive: Callable[[str], bool],
        task: tuple[str, str] | None,
        now: float,
    ) -> TakenRun:
        """Take a firing of a job, unless it was taken, or `most` runs of the job are under way anywhere.

        Args:
            job: The job's id.
            due: The instant of the firing.
            owner: Who takes it.
            most: How many runs may be under way.
            is_alive: Tells whether an owner is alive; the runs of a dead one are over.
            task: Name and arguments of a task to be kept in the same transaction, if the run is durable.
            now: The time.
        """
        with self._transaction() as run:
            taken = run("UPDATE jobs SET last_due = ? WHERE id = ? AND last_due < ?", (due, job, due))
            if taken.rowcount == 0:
                return TakenRun("taken", None)
            owners = [other for (other,) in run("SELECT owner FROM runs WHERE job = ?", (job,))]
            if sum(map(is_alive, owners)) >= most:
                return TakenRun("running", None)
            run("INSERT INTO runs (job, due, owner) VALUES (?, ?, ?)", (job, due, owner))
            return TakenRun(None, None if task is None else self._insert(run, *task, owner, now))

    def end_run(self, job: str, due: float, owner: str) -> None:
        """Note that a run is over."""
        with self._transaction() as run:
            run("DELETE FROM runs WHERE job = ? AND due = ? AND owner = ?", (job, due, owner))

    def _prepare(self, power_safe: bool) -> None:
        run = self._connection.execute
        with self._transaction() as execute:
            application = execute("PRAGMA application_id", ()).fetchone()[0]
            version = execute("PRAGMA user_version", ()).fetchone()[0]
            is_empty = execute("SELECT count(*) FROM sqlite_master", ()).fetchone()[0] == 0
            if is_empty and application == 0:
                for statement in _LAYOUT.split(";"):
                    execute(statement, ())
                execute(f"PRAGMA application_id = {_APPLICATION}", ())
                execute(f"PRAGMA user_version = {_VERSION}", ())
            elif application != _APPLICATION:
                raise self._error("is a database of another program; name a file of its own for the store")
            elif version != _VERSION:
                raise self._error(
                    f"has layout {version}, and this version of areion-orchestrator knows {_VERSION}"
                )
        problem = run("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise self._error(f"is corrupt ({problem}); restore it, or move it away to begin anew")
        run("PRAGMA journal_mode = WAL")
        run(f"PRAGMA synchronous = {'FULL' if power_safe else 'NORMAL'}")

    @staticmethod
    def _insert(run: Execute, name: str, arguments: str, owner: str, now: float) -> int:
        cursor = run(
            "INSERT INTO tasks (name, arguments, state, owner, starts, due) VALUES (?, ?, 'taken', ?, 1, ?)",
            (name, arguments, owner, now),
        )
        if cursor.lastrowid is None:
            raise AssertionError("SQLite numbers every row")
        return cursor.lastrowid

    @contextmanager
    def _transaction(self) -> Iterator[Execute]:
        """Run statements as one change, seen by all or by none."""
        with self._lock, self._errors():
            # IMMEDIATE: what is read is what is then changed, whatever other processes do.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection.execute
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # some errors have rolled it back already
                    self._connection.execute("ROLLBACK")
                raise

    def _read(self, query: str) -> list[Any]:
        with self._lock, self._errors():
            return self._connection.execute(query).fetchall()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Say in words, with the file's name, what SQLite says in short."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorname", "")
            if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                reason = f"has been locked by another program for more than {_PATIENCE:g} s"
            elif code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
                reason = f"is corrupt or no database ({error}); restore it, or move it away to begin anew"
            elif code.startswith("SQLITE_CANTOPEN"):
                reason = "cannot be opened; does its folder exist, and may it be written to?"
            else:
                reason = f"cannot be used: {error}"
            raise self._error(reason) from error

    def _error(self, reason: str) -> StoreError:
        return StoreError(f"task store {str(self.path)!r} {reason}", path=str(self.path))
