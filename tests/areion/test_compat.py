"""The predecessor's sub-modules are thin names for what lives elsewhere."""

import importlib

import areion
import pytest

BASES = "BaseEngine BaseHttpServer BaseLogger BaseMiddleware BaseOrchestrator BaseRouter"
CORE = """HTTP_STATUS_CODES BadRequestError ForbiddenError HttpError HttpRequest HttpRequestFactory HttpResponse
    HttpServer InternalServerError MethodNotAllowedError NotFoundError UnauthorizedError"""
HELPERS = """create_empty_response create_error_response create_file_response create_html_response
    create_json_response create_redirect_response create_text_response create_xml_response"""
MODULES = {
    "areion.base": BASES.split(),
    "areion.core": CORE.split(),
    "areion.utils": HELPERS.split(),
    "areion.utils.response_utils": HELPERS.split(),
}


@pytest.mark.parametrize("module", MODULES)
def test_the_same_objects_as_in_the_umbrella(module):
    """One class has many names, never two classes one name."""
    found = importlib.import_module(module)
    for name in MODULES[module]:
        assert getattr(found, name) is getattr(areion, name)
    assert set(MODULES[module]) <= set(found.__all__)


def test_defaults():
    """Under their short names."""
    from areion.default import Engine, Logger, Orchestrator, Router

    assert (Engine, Logger, Orchestrator, Router) == (
        areion.DefaultEngine,
        areion.DefaultLogger,
        areion.DefaultOrchestrator,
        areion.DefaultRouter,
    )


@pytest.mark.parametrize("module", [*MODULES, "areion.default", "areion"])
def test_star_imports(module):
    """``from … import *`` works; the predecessor's failed."""
    namespace = {}
    exec(f"from {module} import *", namespace)
    assert set(importlib.import_module(module).__all__) <= namespace.keys()
