"""The error tree."""

import pickle

import areion_http
import pytest
from areion_http import HttpError
from areion_http.errors import ProtocolError

NAMED = {
    "BadRequestError": 400,
    "UnauthorizedError": 401,
    "ForbiddenError": 403,
    "NotFoundError": 404,
    "MethodNotAllowedError": 405,
    "RequestTimeoutError": 408,
    "PayloadTooLargeError": 413,
    "InternalServerError": 500,
    "ServiceUnavailableError": 503,
}


@pytest.mark.parametrize(("name", "status"), NAMED.items())
def test_named_errors(name, status):
    """Each has a status and a message of its own; both can be said otherwise."""
    kind = getattr(areion_http, name)
    error = kind()
    assert isinstance(error, HttpError)
    assert (error.status_code, error.headers) == (status, None)
    assert str(error) == f"{status} {error.message}"
    other = kind("said", 499, {"X": "1"})
    assert (other.message, other.status_code, other.headers["x"]) == ("said", 499, "1")
    assert kind.status_code == status


def test_http_error_by_keyword_and_position():
    """message, status_code, headers; the phrase of the status stands for a message."""
    assert (HttpError().status_code, HttpError().message) == (500, "Internal Server Error")
    assert HttpError(status_code=404).message == "Not Found"
    assert HttpError("m", 404).message == "m"
    assert HttpError(message="", status_code=404).message == ""


@pytest.mark.parametrize("status", [200, 399, 600, "404", 404.0, True])
def test_statuses_that_are_no_errors(status):
    """An error's response is an error."""
    with pytest.raises(ValueError, match="status_code"):
        HttpError("m", status)


def test_headers_are_checked_and_copied_where_they_are_set():
    """They end in a response."""
    mine = {"WWW-Authenticate": "Basic"}
    error = areion_http.UnauthorizedError(headers=mine)
    assert error.headers == mine
    assert error.headers is not mine
    with pytest.raises(ValueError, match="X-A"):
        HttpError(headers={"X-A": "a\r\nb"})


def test_a_subclass_needs_only_two_attributes():
    """status_code and message."""

    class TeapotError(HttpError):
        status_code = 418
        message = "short and stout"

    assert str(TeapotError()) == "418 short and stout"
    assert (TeapotError("tall").status_code, TeapotError("tall").message) == (418, "tall")


def test_errors_survive_pickling():
    """They may cross processes, with what they carry."""
    error = pickle.loads(pickle.dumps(HttpError("m", 404, {"X": "1"})))
    assert (error.message, error.status_code, error.headers["x"]) == ("m", 404, "1")


def test_a_protocol_error_carries_where_it_was_found():
    """For the log."""
    error = ProtocolError("no Host", offset=7, excerpt=b"GET")
    assert (error.status_code, error.reason, error.offset, error.excerpt) == (400, "no Host", 7, b"GET")
