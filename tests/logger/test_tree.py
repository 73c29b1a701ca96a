import io
import logging

from areion_logger import Logger, _tree
from areion_logger.handler import LogHandler


def test_a_tree_is_private_however_many_users_it_has(name, tmp_path):
    """No records need be made while all handlers are the tree's own, in whatever order users came and went."""
    root = logging.getLogger()
    before, root.handlers[:] = root.handlers[:], []
    holds = []
    try:
        for file in ("a", "b", "c"):
            holds.append(
                _tree.hold(name, [(LogHandler(tmp_path / file), False)], logging.INFO, propagate=True)
            )
            assert holds[0].tree.is_private()
        _tree.release(holds[1])
        assert holds[0].tree.is_private()
        assert len(_tree.handlers(holds[0])) == 1
        holds[0].tree.logger.addHandler(foreign := logging.NullHandler())
        assert not holds[0].tree.is_private()
        holds[0].tree.logger.removeHandler(foreign)
        root.addHandler(foreign)
        assert not holds[0].tree.is_private()
    finally:
        root.handlers[:] = before
        for hold in holds:
            _tree.release(hold)
    assert not holds[0].tree.is_private()


def test_levels_are_the_lowest_asked_for(name, tmp_path):
    """A place has the lowest level of its users, the standard logger the lowest of all, and both go up again."""
    standard = logging.getLogger(name)
    a = _tree.hold(name, [(LogHandler(tmp_path / "a"), False)], logging.WARNING, propagate=True)
    [handler] = _tree.handlers(a)
    b = _tree.hold(name, [(LogHandler(tmp_path / "a"), False)], logging.DEBUG, propagate=True)
    assert (handler.level, standard.level) == (logging.DEBUG, logging.DEBUG)
    _tree.change_level(b, logging.ERROR)
    assert (handler.level, standard.level) == (logging.WARNING, logging.WARNING)
    _tree.release(a)
    assert (handler.level, standard.level) == (logging.ERROR, logging.ERROR)
    _tree.release(b)
    _tree.change_level(b, logging.INFO)
    assert (standard.level, standard.handlers) == (logging.NOTSET, [])


def test_a_handler_on_the_tree_and_on_the_root_gets_a_record_once():
    """Test runners put theirs on both when a logger does not propagate."""
    kept = []

    class Keeper(logging.Handler):
        def emit(self, record):
            kept.append(record)

    keeper = Keeper()
    logger = Logger(name="both", stream=io.StringIO())
    logging.getLogger("both").addHandler(keeper)
    logging.getLogger().addHandler(keeper)
    try:
        logging.getLogger("both.part").warning("once")
    finally:
        logging.getLogger().removeHandler(keeper)
        logging.getLogger("both").removeHandler(keeper)
        logger.close()
    assert len(kept) == 1
