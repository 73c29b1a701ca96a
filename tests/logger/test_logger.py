import asyncio
import gc
import io
import json
import logging
import logging.config
import os
import re
import threading

import pytest
from areion_logger import Logger, bind_context


def messages(lines):
    return [line.split(": ", 1)[1] for line in lines]


def test_lines_are_written_to_file_and_console(make, read, tmp_path, capsys, seen):
    """With a file, lines go to the file and to standard error, as they did with the predecessor."""
    logger = make(tmp_path / "app.log")
    logger.info("hello %s", "world")
    assert messages(read(logger, tmp_path / "app.log")) == ["hello world"]
    assert messages(capsys.readouterr().err.splitlines()) == ["hello world"]


def test_each_method_has_its_level(make, objects, tmp_path, seen):
    """The five methods, and `exception`, write at the levels of their names; `log` at any."""
    logger = make(tmp_path / "app.log", "DEBUG", console=False, format="json")
    for level in ("debug", "info", "warning", "error", "critical"):
        getattr(logger, level)("m")
    getattr(logger, "exception")("m")  # noqa: B009 - for the linter, a call outside of `except`
    logger.log("Warn", "m")
    logger.log(35, "m")
    assert [line["level"] for line in objects(logger, tmp_path / "app.log")] == [
        "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "ERROR", "WARNING", "Level 35",
    ]  # fmt: skip


def test_what_is_below_the_level_is_not_written(make, read, tmp_path, seen):
    """`log_level` is the least that is written; it can be changed; NOTSET means everything."""
    logger = make(tmp_path / "app.log", "warning", console=False)
    logger.info("no")
    logger.warning("yes")
    assert not logger.is_enabled_for("INFO")
    logger.set_level("NOTSET")
    logger.log(1, "all")
    assert logger.is_enabled_for(1)
    assert messages(read(logger, tmp_path / "app.log")) == ["yes", "all"]
    assert logger.level == 1


def test_two_instances_never_double_lines(make, read, tmp_path, capsys, seen):
    """However many instances name a place, by whichever of them a record comes, it is written there once."""
    loggers = [make(tmp_path / "app.log") for _ in range(3)]
    loggers[0].info("a")
    loggers[2].info("b")
    loggers[1].logger.info("c")
    assert messages(read(loggers[0], tmp_path / "app.log")) == ["a", "b", "c"]
    assert messages(capsys.readouterr().err.splitlines()) == ["a", "b", "c"]


def test_instances_with_different_files_write_to_both(make, read, tmp_path, capsys, seen):
    """Two instances of one name are two places of one log: each record goes to both files, once to the console."""
    first, second = make(tmp_path / "a.log"), make(tmp_path / "b.log")
    first.info("1")
    second.info("2")
    assert messages(read(first, tmp_path / "a.log")) == ["1", "2"]
    assert messages(read(second, tmp_path / "b.log")) == ["1", "2"]
    assert messages(capsys.readouterr().err.splitlines()) == ["1", "2"]


def test_each_instance_keeps_its_level_and_its_file_has_it(make, read, tmp_path, seen):
    """A file has what its instances asked for; another instance's lower level does not fill it."""
    errors = make(tmp_path / "errors.log", "ERROR", console=False)
    all_of_it = make(tmp_path / "all.log", "DEBUG", console=False)
    all_of_it.debug("d")
    errors.info("not asked for")
    errors.error("e")
    assert messages(read(errors, tmp_path / "errors.log")) == ["e"]
    assert messages(read(all_of_it, tmp_path / "all.log")) == ["d", "e"]


def test_a_later_instance_decides_the_format_if_it_says_one(make, read, tmp_path):
    """A format that is asked for replaces what was; none asked for leaves it."""
    first = make(tmp_path / "app.log", console=False, format="json")
    make(tmp_path / "app.log", console=False)
    first.info("a")
    assert first.flush()
    make(tmp_path / "app.log", console=False, format="console")
    first.info("b")
    lines = read(first, tmp_path / "app.log")
    assert json.loads(lines[0])["message"] == "a"
    assert lines[1].endswith(": b")


def test_extra_and_keywords_are_fields(make, objects, tmp_path, seen):
    """`extra`, and any other keyword, become fields; none of them can break or hide what is the line's own."""
    logger = make(tmp_path / "app.log", console=False, format="json")
    extra = {"user": 5, "name": "n", "message": "x", 7: "seven"}
    logger.info("m", extra=extra, level="high", args=(1,))
    logger.info("m", extra="no mapping")
    first, second = objects(logger, tmp_path / "app.log")
    assert {key: first[key] for key in list(first)[4:]} == {
        "user": 5, "name_": "n", "message_": "x", "7": "seven", "level_": "high", "args_": [1],
    }  # fmt: skip
    assert (first["level"], first["message"]) == ("INFO", "m")
    assert second["extra"] == "no mapping"


def test_a_wrong_call_never_raises(make, read, tmp_path, seen):
    """A message that does not fit its arguments is written with a note."""
    logger = make(tmp_path / "app.log", console=False)
    logger.info("%d", "x")
    logger.info("one", *["two"])
    logger.info(None)
    logger.info("m", exc_info="nonsense", stacklevel="x")  # noqa: LOG014 - a wrong call is what is tried
    lines = messages(read(logger, tmp_path / "app.log"))
    assert lines[0].startswith("%d [could not be formatted with arguments ('x',): TypeError")
    assert lines[1].startswith("one [could not be formatted with arguments ('two',): TypeError")
    assert lines[2:] == ["None", "m"]


def test_exceptions_are_written_with_their_traceback(make, objects, tmp_path, seen):
    """`exception`, `exc_info=True`, an exception, and a triple all write the traceback."""
    logger = make(tmp_path / "app.log", console=False, format="json")
    try:
        raise LookupError("gone")
    except LookupError as error:
        kept = error
        logger.exception("a")
        logger.error("b", exc_info=1)
        logger.error("c", exc_info=(type(error), error, error.__traceback__))
    logger.info("d", exc_info=kept)
    logger.error("e", exc_info=True)  # noqa: LOG014 - there is none to be written
    lines = objects(logger, tmp_path / "app.log")
    assert len(lines) == 5
    for line in lines[:4]:
        assert line["exception"].startswith("Traceback (most recent call last):\n")
        assert 'raise LookupError("gone")' in line["exception"]
        assert line["exception"].endswith("LookupError: gone")
    assert "exception" not in lines[4]


def test_stack_info_is_written(make, objects, tmp_path, seen):
    """`stack_info` writes where the call was made."""
    logger = make(tmp_path / "app.log", console=False, format="json")
    logger.info("m", stack_info=True)
    [line] = objects(logger, tmp_path / "app.log")
    assert "test_stack_info_is_written" in line["stack"]


def test_other_handlers_see_the_caller(make, caplog, tmp_path):
    """A handler of somebody else sees file and function of the call, not of this package."""
    logger = make(tmp_path / "app.log", console=False)

    def wrapper():
        logger.info("c", stacklevel=2)

    logger.info("a")
    logger.log("INFO", "b", extra={"x": 1})
    wrapper()
    try:
        raise ValueError
    except ValueError:
        logger.exception("d")
    assert [record.funcName for record in caplog.records] == ["test_other_handlers_see_the_caller"] * 4
    assert {record.filename for record in caplog.records} == {"test_logger.py"}
    assert caplog.records[1].x == 1


def test_context_fields_are_on_every_line(make, objects, tmp_path, name, seen):
    """Bound fields are on lines of the logger and of plain `logging` below it, by the caller's context."""
    logger = make(tmp_path / "app.log", console=False, format="json")

    def work():
        with bind_context(request_id="thread"):
            logging.getLogger(name + ".http").info("2")

    with bind_context(request_id="r"):
        logger.info("1")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    logger.info("3")
    assert [line.get("request_id") for line in objects(logger, tmp_path / "app.log")] == ["r", "thread", None]


def test_the_whole_tree_is_written(make, objects, tmp_path, name):
    """What the standard library's loggers below the name log is written, by level and name."""
    logger = make(tmp_path / "app.log", console=False, format="json")
    logging.getLogger(name + ".http").warning("w %d", 1, extra={"a": 2})
    logging.getLogger(name + ".http").debug("no")
    [line] = objects(logger, tmp_path / "app.log")
    assert (line["logger"], line["level"], line["message"], line["a"]) == (
        name + ".http",
        "WARNING",
        "w 1",
        2,
    )


def test_a_file_of_one_part_alone(make, read, tmp_path, name):
    """A logger for one part of a tree writes there, and what it writes reaches the tree's places once as well."""
    whole = make(tmp_path / "all.log", console=False)
    part = make(tmp_path / "part.log", console=False, name=name + ".part")
    same = make(tmp_path / "all.log", console=False, name=name + ".same")
    part.info("p")
    whole.info("w")
    same.info("s")
    assert messages(read(part, tmp_path / "part.log")) == ["p"]
    assert messages(read(whole, tmp_path / "all.log")) == ["p", "w", "s"]


def test_the_root_logger_is_left_alone(make, tmp_path):
    """Neither the root logger's level, handlers nor filters change."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:], root.filters[:], logging.lastResort)
    logger = make(tmp_path / "app.log")
    logger.info("m")
    logger.close()
    assert (root.level, root.handlers, root.filters, logging.lastResort) == before


def test_handlers_of_the_root_get_records_but_no_line_is_doubled(make, tmp_path, name, capsys):
    """A collector on the root logger sees each record; a console handler there does not double the line."""
    root = logging.getLogger()
    collected = []

    class Collector(logging.Handler):
        def emit(self, record):
            collected.append(record.getMessage())

    added = [
        logging.StreamHandler(),
        logging.FileHandler(tmp_path / "app.log"),
        Collector(logging.WARNING),
    ]
    for handler in added:
        root.addHandler(handler)
    try:
        logger = make(tmp_path / "app.log")
        logger.info("i")
        logger.warning("w")
        logging.getLogger(name + ".http").warning("x")
        logger.flush()
    finally:
        for handler in added:
            root.removeHandler(handler)
            handler.close()
    assert collected == ["w", "x"]
    assert messages(capsys.readouterr().err.splitlines()) == ["i", "w", "x"]
    assert messages((tmp_path / "app.log").read_text().splitlines()) == ["i", "w", "x"]


def test_propagation_can_be_switched_off(make, tmp_path, caplog):
    """With `propagate=False` nobody above sees the records."""
    logger = make(tmp_path / "app.log", console=False, propagate=False)
    logger.info("m")
    assert caplog.records == []


def test_foreign_handlers_filters_and_factories_are_served(make, tmp_path, name):
    """Whoever hooks into the standard logger gets its records, as with any logger."""
    logger = make(tmp_path / "app.log", console=False, propagate=False)
    seen = []

    class Collector(logging.Handler):
        def emit(self, record):
            seen.append(("handler", record.getMessage()))

    collector = Collector()
    logger.logger.addHandler(collector)
    logger.info("1")
    logger.logger.removeHandler(collector)
    own_filter = lambda record: seen.append(("filter", record.getMessage())) or True  # noqa: E731
    logger.logger.addFilter(own_filter)
    logger.info("2")
    logger.logger.removeFilter(own_filter)
    factory = logging.getLogRecordFactory()
    logging.setLogRecordFactory(lambda *a, **k: seen.append(("factory", a[4])) or factory(*a, **k))
    logger.info("3")
    logging.setLogRecordFactory(factory)
    logger.info("4")
    assert seen == [("handler", "1"), ("filter", "2"), ("factory", "3")]


def test_a_tool_that_wraps_logging_sees_records(make, tmp_path, monkeypatch):
    """Error trackers put themselves around `Logger.callHandlers`; they must see what is logged here too."""
    logger = make(tmp_path / "app.log", console=False, propagate=False)
    seen = []
    genuine = logging.Logger.callHandlers
    monkeypatch.setattr(
        logging.Logger, "callHandlers", lambda s, r: seen.append(r.getMessage()) or genuine(s, r)
    )
    logger.info("m")
    assert seen == ["m"]


def test_close_leaves_the_logger_as_it_was(make, read, tmp_path, name, caplog):
    """The last instance takes everything off; what is logged after that goes the standard library's way."""
    standard = logging.getLogger(name)
    standard.setLevel(33)
    first = make(tmp_path / "app.log", console=False)
    second = make(tmp_path / "app.log", console=False)
    first.close()
    first.close()
    second.info("still")
    assert messages(read(second, tmp_path / "app.log")) == ["still"]
    second.close()
    assert (standard.handlers, standard.level, standard.propagate) == ([], 33, True)
    second.error("after")
    assert caplog.messages[-1] == "after"
    assert second.flush()


def test_another_dict_config_does_not_silence_it(make, read, tmp_path):
    """A server's or framework's own logging configuration, made later, leaves the logger working."""
    logger = make(tmp_path / "app.log", console=False)
    logging.config.dictConfig(
        {"version": 1, "disable_existing_loggers": False, "handlers": {}, "loggers": {}}
    )
    logger.info("m")
    assert messages(read(logger, tmp_path / "app.log")) == ["m"]


def test_a_new_instance_wakes_a_logger_that_was_disabled(make, read, tmp_path, name):
    """`dictConfig` disables loggers that it does not know, unless told not to; a new instance is meant to write."""
    logging.getLogger(name).disabled = True
    logger = make(tmp_path / "app.log", console=False)
    logger.info("m")
    assert messages(read(logger, tmp_path / "app.log")) == ["m"]


def test_writing_does_not_block_the_loop(make, tmp_path):
    """With a reader that takes nothing, a loop that logs goes on; an error is not dropped before anything else."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    logger = make(fifo, console=False, queue_size=100)

    async def main():
        for number in range(1000):
            logger.info("%d %s", number, "x" * 1000)
            await asyncio.sleep(0)
        logger.error("the error")
        return logger.flush(0.01)

    assert asyncio.run(main()) is False
    os.set_blocking(reader, True)
    received = bytearray()

    def drain():
        while data := os.read(reader, 65536):
            received.extend(data)

    thread = threading.Thread(target=drain)
    thread.start()
    assert logger.flush(30)
    logger.info("end")
    logger.close()
    thread.join(30)
    os.close(reader)
    text = received.decode()
    assert "the error" in text
    dropped = [int(number) for number in re.findall(r" dropped=(\d+) ", text)]
    assert text.count("xxx\n") + sum(dropped) == 1000
    assert sum(dropped) > 500


def test_rotation_reaches_the_file(make, tmp_path):
    """`max_bytes` and `backup_count` keep so many files of such a size, without losing the last lines."""
    logger = make(tmp_path / "app.log", console=False, max_bytes=1000, backup_count=2)
    for number in range(100):
        logger.info("line %03d", number)
    assert logger.flush()
    files = {path.name: path for path in tmp_path.glob("app.log*")}
    assert sorted(files) == ["app.log", "app.log.1", "app.log.2"]
    assert all(path.stat().st_size <= 1000 for path in files.values())
    text = "".join(files[name].read_text() for name in ("app.log.2", "app.log.1", "app.log"))
    numbers = [int(line.rsplit(" ", 1)[1]) for line in text.splitlines()]
    assert numbers == list(range(numbers[0], 100))


def test_console_can_be_any_stream(make):
    """The console may be standard output, or a stream of one's own; without a terminal it is plain."""
    stream = io.StringIO()
    logger = make(stream=stream)
    logger.warning("m")
    assert logger.flush()
    assert stream.getvalue().endswith(": m\n")
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ({"log_level": "LOUD"}, ValueError, "log_level: unknown level 'LOUD'"),
        ({"log_level": None}, TypeError, "log_level: .*None of type NoneType"),
        ({"log_file": "/nowhere/app.log"}, FileNotFoundError, "folder does not exist.*/nowhere/app.log"),
        ({"log_file": "/"}, IsADirectoryError, "it is a folder"),
        ({"log_file": 5}, TypeError, "log_file: expected a path, got 5"),
        ({"format": "xml"}, ValueError, "format: .*'xml'"),
        ({"name": ""}, ValueError, "name: .*''"),
        ({"name": "root"}, ValueError, "name: .*'root'"),
        ({"console": False}, ValueError, "console and log_file"),
        ({"max_bytes": 5}, ValueError, "max_bytes and when: only a file"),
        ({"log_file": "/dev/null", "when": "noon"}, ValueError, "when: .*'noon'"),
        ({"queue_size": 0}, ValueError, "queue_size: .*0"),
        ({"stream": "syslog"}, ValueError, "stream: .*'syslog'"),
    ],
)
def test_wrong_arguments_fail_at_once(name, arguments, kind, said):
    """Each wrong argument fails when the logger is made, with its name and value, and leaves nothing behind."""
    with pytest.raises(kind, match=said):
        Logger(**{"name": name, **arguments})
    assert logging.getLogger(name).handlers == []


def test_a_failed_instance_gives_its_file_back(tmp_path, name):
    """An instance that fails after its file was opened closes it."""
    with pytest.raises(ValueError, match="stream"):
        Logger(tmp_path / "app.log", stream="syslog", name=name)
    assert str(tmp_path / "app.log") not in {
        os.readlink(f"/proc/self/fd/{fd}")
        for fd in os.listdir("/proc/self/fd")
        if os.path.lexists(f"/proc/self/fd/{fd}")
    }


def test_instances_that_are_forgotten_stay_in_force_but_cost_nothing(make, read, tmp_path, name):
    """An instance need not be kept or closed; one for each request does not fill the memory."""
    for _ in range(50):
        Logger(tmp_path / "app.log", name=name, console=False)
    gc.collect()
    logging.getLogger(name).info("m")
    last = make(tmp_path / "app.log", console=False)
    assert messages(read(last, tmp_path / "app.log")) == ["m"]
    assert len(last._hold.tree._holds) == 2
    last._hold.tree._holds[:] = [last._hold]


def test_loggers_may_come_and_go_while_others_log(make, read, tmp_path, seen):
    """Instances made and closed in one thread do not disturb calls in another."""
    logger = make(tmp_path / "app.log", console=False)
    failures = []

    def log():
        try:
            for number in range(300):
                logger.info("%d", number)
        except RuntimeError as error:
            failures.append(error)

    thread = threading.Thread(target=log)
    thread.start()
    for number in range(30):
        make(tmp_path / f"{number}.log", console=False).close()
    thread.join()
    assert failures == []
    assert messages(read(logger, tmp_path / "app.log")) == [str(number) for number in range(300)]
