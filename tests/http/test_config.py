"""Limits and deadlines."""

import dataclasses

import pytest
from areion_http import HttpConfig

FIELDS = {field.name: field.default for field in dataclasses.fields(HttpConfig)}


def test_all_limits_are_on_by_default():
    """But for the handler's time, which only the application knows."""
    assert [name for name, value in FIELDS.items() if value is None] == ["handler_timeout"]


def test_idle_connections_outlive_common_balancers():
    """A balancer that closes first meets no closing connection."""
    assert HttpConfig().keep_alive_timeout > 60


def test_it_is_frozen():
    """Every connection sees the same."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        HttpConfig().max_fields = 1


@pytest.mark.parametrize("name", [name for name in FIELDS if name.startswith("max_")])
@pytest.mark.parametrize("value", [0, -1, 1.5, "1", None, True])
def test_limits_are_whole_numbers_above_0(name, value):
    """The message names the limit and what was got."""
    with pytest.raises(ValueError, match=f"{name}: .*got {value!r}"):
        HttpConfig(**{name: value})


@pytest.mark.parametrize("name", [name for name in FIELDS if name.endswith("_timeout")])
@pytest.mark.parametrize("value", [0, -1, "1", True, float("inf"), float("nan")])
def test_deadlines_are_seconds_above_0(name, value):
    """The message names the deadline."""
    with pytest.raises(ValueError, match=name):
        HttpConfig(**{name: value})


@pytest.mark.parametrize("name", ["shutdown_timeout", "linger_timeout", "tls_handshake_timeout"])
def test_deadlines_that_cannot_be_off(name):
    """None is refused where it would mean for ever."""
    with pytest.raises(ValueError, match="cannot be switched off"):
        HttpConfig(**{name: None})


def test_with_changes():
    """Another configuration; unknown names list the known ones."""
    config = HttpConfig()
    other = config.with_changes(max_fields=7, head_timeout=None)
    assert (other.max_fields, other.head_timeout, config.max_fields) == (7, None, FIELDS["max_fields"])
    with pytest.raises(ValueError, match=r"'max_field'; there are: .*max_fields"):
        config.with_changes(max_field=1)


def test_a_head_holds_its_first_line():
    """Limits that contradict each other are refused."""
    with pytest.raises(ValueError, match="max_head_size"):
        HttpConfig(max_request_line=2000, max_head_size=1000)


@pytest.mark.parametrize("value", ["a\r\nb", "\u00e4", 1, None])
def test_the_servers_name_is_printable_text(value):
    """It is sent with every response."""
    with pytest.raises(ValueError, match="server_name"):
        HttpConfig(server_name=value)


def test_deadlines_are_looked_at_often_enough():
    """A quarter of the shortest, within bounds."""
    assert HttpConfig(head_timeout=0.4).sweep_interval() == pytest.approx(0.1)
    assert HttpConfig(head_timeout=0.001).sweep_interval() == 0.02
    assert HttpConfig().sweep_interval() <= 1
