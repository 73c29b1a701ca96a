"""The public names."""

import importlib.metadata
import inspect
import subprocess
import sys

import areion_http


def test_public_names():
    """What is public is pinned here: a removal is a breaking change."""
    assert areion_http.__all__ == [
        "HTTP_STATUS_CODES",
        "BadRequestError",
        "BaseHttpServer",
        "Client",
        "ClientDisconnectedError",
        "FileBody",
        "ForbiddenError",
        "FormData",
        "FormLimits",
        "Headers",
        "HttpConfig",
        "HttpError",
        "HttpRequest",
        "HttpResponse",
        "HttpServer",
        "InternalServerError",
        "ListenError",
        "MethodNotAllowedError",
        "NotFoundError",
        "PayloadTooLargeError",
        "ProtocolError",
        "RequestTimeoutError",
        "ServiceUnavailableError",
        "StaticFiles",
        "UnauthorizedError",
        "UnsendableError",
        "UploadedFile",
        "__version__",
        "create_empty_response",
        "create_error_response",
        "create_file_response",
        "create_html_response",
        "create_json_response",
        "create_redirect_response",
        "create_text_response",
        "create_xml_response",
        "format_delete_cookie",
        "format_set_cookie",
        "parse_cookies",
    ]


def test_every_public_name_is_there_and_documented():
    """A class or function that is public says what it is."""
    for name in areion_http.__all__:
        value = getattr(areion_http, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name


def test_version():
    """The version is the distribution's."""
    assert areion_http.__version__ == importlib.metadata.version("areion-http")


def test_entry_point():
    """The default server is found by its entry point."""
    (entry,) = importlib.metadata.entry_points(group="areion.http_server", name="default")
    assert entry.load() is areion_http.HttpServer


def test_no_sibling_is_imported():
    """The package stands alone, and what only tests need is not imported with it."""
    code = (
        "import sys, areion_http\n"
        "unwanted = {'areion', 'areion_router', 'areion_logger', 'areion_engine', 'areion_orchestrator',"
        " 'areion_http.testing', 'uvloop', 'http.client', 'multipart'}\n"
        "print(sorted(unwanted & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
