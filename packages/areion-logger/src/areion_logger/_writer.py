"""The queue and the one thread that writes: what keeps every caller from waiting for a disk.

Strategy: a caller appends a settled entry under a lock that is never held during I/O, and wakes the thread
only if it sleeps. The thread takes all that is there, lays it out, and hands each sink one batch; then it
lingers a few milliseconds, so that under load there are large batches and no wake-ups. Each output bounds its
own share of the queue; what does not fit is counted, and a line says how many records are missing. Processes
that fork are made safe by stopping the thread before and starting a new one after. At the end of the process
the queue is written out, and what is logged after that is written by its caller.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from collections import deque

from areion_logger._entry import Entry
from areion_logger._output import FALLBACK, Output, missing, own_entry
from areion_logger._sinks import FileSink, Sink
from areion_logger._values import safe_repr

_LINGER = 0.005
"""Seconds that the thread collects more entries after a batch before it sleeps.

A reader does not notice them; a busy loop saves hundreds of wake-ups by them.
"""

_BATCH = 2048
"""Entries laid out in one go: more catch up faster, fewer let other threads run sooner."""

_MAX_QUEUED_WEIGHT = 64 * 1024 * 1024
"""Characters queued in all, roughly: the bound on memory if entries are few and large."""

_PATIENCE = 0.1
"""Seconds that a caller outside of an event loop waits for a full queue before it drops its record."""

_EXIT_PATIENCE = 5.0
"""Seconds that the end of the process waits for the queue. A disk that hangs must not keep it alive."""

_FORK_PATIENCE = 1.0
"""Seconds that a fork waits for the queue. If the disk hangs, the child starts with an empty one."""

_COMPLAINT_INTERVAL = 60.0
"""Seconds between complaints on standard error about one sink."""


_Item = tuple[Output, Entry, int]
"""An entry in the queue, with its weight."""


class Writer:
    """The queue of a process and its thread. There is one, `shared_writer()`; tests make their own."""

    def __init__(self) -> None:
        self._outputs: weakref.WeakSet[Output] = weakref.WeakSet()
        self._ended = False
        self._reset()

    def _reset(self) -> None:
        """Begin anew: also in the child of a fork, where the parent's locks and thread mean nothing."""
        # Re-entrant, as a signal handler or a finaliser that logs may interrupt its own thread anywhere.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._io = threading.RLock()
        self._queue: deque[_Item] = deque()
        self._weight = 0
        self._accepted = 0
        self._written = 0
        self._asleep = False
        self._stopping = False
        self._hurried = False
        self._finalized = False
        self._thread: threading.Thread | None = None
        self._busy_with: Sink | None = None
        self._writing_by: int | None = None
        self._complained: weakref.WeakKeyDictionary[Sink, float] = weakref.WeakKeyDictionary()
        for output in list(self._outputs):
            output.waiting = 0
            output.stalled = False

    def register(self, output: Output) -> None:
        """Make an output known, so that its account is put right in the child of a fork."""
        self._outputs.add(output)

    def put(self, output: Output, entry: Entry) -> None:
        """Take an entry for writing; never waits on an event loop's thread, and never raises."""
        weight = entry.weight
        if self._writing_by == threading.get_ident():
            # A stream or formatter that logs: to write that would make it log again, without end.
            output.dropped += 1
            return
        with self._lock:
            if not (self._fits(output, entry) or self._wait_for_room(output, entry)):
                output.dropped += 1
                return
            output.waiting += 1
            self._weight += weight
            self._accepted += 1
            self._queue.append((output, entry, weight))
            if self._asleep or output.waiting == (output.limit + 1) // 2:
                self._wake()
            if self._thread is not None or self._start():
                return
        self._drain(_PATIENCE)

    def _fits(self, output: Output, entry: Entry) -> bool:
        return output.admits(entry.number) and self._weight < _MAX_QUEUED_WEIGHT

    def _wait_for_room(self, output: Output, entry: Entry) -> bool:
        """Let a plain thread, which outruns the writer easily, wait for it rather than lose its lines."""
        if output.stalled or _on_event_loop():
            return False
        self._wake()
        output.stalled = not self._changed.wait_for(lambda: self._fits(output, entry), _PATIENCE)
        return not output.stalled

    def _wake(self) -> None:
        self._asleep = False
        self._hurried = True
        self._changed.notify_all()

    def _start(self) -> bool:
        """Start the thread; tells whether there is one now."""
        if self._ended:
            return False
        self._finish_with_multiprocessing()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="areion-logger", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            # No thread can be had, or not any more. The caller writes for itself.
            self._thread = None
            return False
        return True

    def _finish_with_multiprocessing(self) -> None:
        """See to it that a child of multiprocessing, which ends without `atexit`, writes what is queued."""
        if self._finalized or "multiprocessing.util" not in sys.modules:
            return
        import multiprocessing.util

        self._finalized = True
        if multiprocessing.parent_process() is not None:
            multiprocessing.util.Finalize(None, self.finish, exitpriority=0)

    def _run(self) -> None:
        try:
            while self._wait_for_work():
                self._drain(None)
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _wait_for_work(self) -> bool:
        with self._lock:
            if not self._queue and not self._stopping:
                self._changed.wait_for(lambda: self._hurried or self._stopping, _LINGER)
            while not self._queue:
                if self._stopping:
                    # In the same step as the look at the queue: whoever comes from now on starts a new one.
                    self._thread = None
                    return False
                self._asleep = True
                self._changed.wait()
            self._asleep = False
            self._hurried = False
            return True

    def _drain(self, patience: float | None) -> None:
        """Write what is queued, unless another thread is at it for longer than `patience` seconds."""
        if not self._io.acquire(timeout=-1 if patience is None else patience):
            return
        served: set[Output] = set()
        try:
            while batch := self._take():
                served.update(output for output, _, _ in batch)
                self._writing_by = threading.get_ident()
                try:
                    self._write(batch)
                finally:
                    self._writing_by = None
                    self._settle(batch)
            self._tell(served)
        finally:
            self._io.release()

    def _take(self) -> list[_Item]:
        with self._lock:
            return [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]

    def _tell(self, outputs: set[Output]) -> None:
        """Tell of records that were dropped while the last batch was being written."""
        self._writing_by = threading.get_ident()
        try:
            for output in outputs:
                if output.dropped:
                    self._write_to(output.sink, [], {output: output.dropped})
        finally:
            self._writing_by = None

    def _settle(self, batch: list[_Item]) -> None:
        with self._lock:
            for output, _, weight in batch:
                output.waiting -= 1
                output.stalled = False
                self._weight -= weight
            self._written += len(batch)
            self._changed.notify_all()

    def _write(self, batch: list[_Item]) -> None:
        lines: dict[Sink, list[str]] = {}
        outputs: dict[Output, int] = {}
        for output, entry, _ in batch:
            known = lines.get(output.sink)
            if known is None:
                known = lines[output.sink] = []
            known.append(output.render(entry))
            outputs[output] = output.dropped
        for sink, texts in lines.items():
            self._write_to(sink, texts, {output: n for output, n in outputs.items() if output.sink is sink})

    def _write_to(self, sink: Sink, texts: list[str], dropped: dict[Output, int]) -> None:
        """Write one sink's part of a batch, and after it the line that says what is missing."""
        count, lost = len(texts), sink.lost
        for output, number in dropped.items():
            if number or lost:
                texts.append(output.render(missing(number, output.limit, lost)))
                lost = 0
        self._busy_with = sink
        try:
            sink.write(texts)
        except Exception as error:  # noqa: BLE001 - a stream may be anybody's object; the thread must go on
            sink.lost += count
            self._complain(sink, f"{safe_repr(error)}; its records are lost until that is mended")
        else:
            sink.lost = 0
            with self._lock:
                for output, number in dropped.items():
                    output.dropped -= number
        finally:
            self._busy_with = None

    def _complain(self, sink: Sink, reason: str) -> None:
        """Say on standard error that a sink fails, now and then: the last place that is left."""
        now = time.monotonic()
        if now - self._complained.get(sink, -_COMPLAINT_INTERVAL) < _COMPLAINT_INTERVAL or sys.stderr is None:
            return
        self._complained[sink] = now
        try:
            sys.stderr.write(FALLBACK.render(own_entry(f"cannot write to {sink.label}: {reason}")) + "\n")
        except (OSError, ValueError):
            # Standard error fails too, or is closed: what is left is the count, told once writing works again.
            return

    def flush(self, timeout: float) -> bool:
        """Wait until all that was put before is written; tells whether it was within `timeout` seconds."""
        with self._lock:
            target = self._accepted
            if self._writing_by == threading.get_ident():
                return self._written >= target
            if self._thread is not None:
                self._wake()
                # At the end, what could be waited for was.
                return self._changed.wait_for(lambda: self._written >= target, 0 if self._ended else timeout)
        self._drain(timeout)
        return self._written >= target

    def pause(self, timeout: float) -> bool:
        """Write what is queued and end the thread, until the next record; tells whether it ended in time."""
        with self._lock:
            thread = self._thread
            if thread is None or thread is threading.current_thread():
                return True
            self._stopping = True
            self._wake()
        thread.join(timeout)
        if thread.is_alive():
            self._stopping = False
            return False
        return True

    def finish(self) -> None:
        """Write what is queued at the end of the process; from now on, callers write for themselves."""
        ended = self.pause(_EXIT_PATIENCE)
        self._ended = True
        sink = self._busy_with
        # If it is a stream that hangs, it may be standard error itself; to complain there would hang as well.
        if not ended and isinstance(sink, FileSink):
            left = self._accepted - self._written
            self._complain(
                sink, f"it did not take {left} records within {_EXIT_PATIENCE:g} s of the end; they are lost"
            )

    def close(self, sink: Sink) -> None:
        """Close a sink when nobody writes to it; one whose disk hangs is left open, not waited for."""
        if self._io.acquire(timeout=_PATIENCE):
            try:
                sink.close()
            finally:
                self._io.release()

    def after_fork_in_child(self) -> None:
        """Forget the parent's thread, and what it has still to write."""
        self._reset()


def _on_event_loop() -> bool:
    """Tell whether this thread runs an asyncio event loop now; without importing asyncio."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


_shared: Writer | None = None
_shared_guard = threading.Lock()


def shared_writer() -> Writer:
    """Return the writer of this process. The first call makes it, and has it finish when the process ends."""
    global _shared
    with _shared_guard:
        if _shared is None:
            writer = _shared = Writer()
            # Registered after that of `logging`, so it runs before it.
            atexit.register(writer.finish)
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(
                    before=lambda: writer.pause(_FORK_PATIENCE),
                    after_in_child=writer.after_fork_in_child,
                )
    return _shared
