"""Routes → an OpenAPI 3.1 document that a validator accepts."""

import datetime as dt
import enum
import json
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from http import HTTPStatus
from types import SimpleNamespace
from typing import Annotated, Any, Generic, Literal, Optional, TypeVar

import pytest
from areion import AreionServerBuilder, DefaultRouter
from areion.dev import build_openapi, dumps_openapi
from areion.testing import TestClient
from areion_http import UploadedFile
from areion_http.errors import HttpError
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator


@dataclass
class Route:
    """The attributes of a router's route that documentation reads."""

    path: str
    handler: Any
    methods: tuple[str, ...] = ("GET",)
    name: str | None = None
    params: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)


class HttpResponse:
    """A stand-in: responses are known by the name of their class."""


class PaymentRequiredError(HttpError):
    status_code = 402
    message = "Pay first"


class Order(enum.Enum):
    UP = "up"
    DOWN = "down"


@dataclass
class Note:
    id: uuid.UUID
    title: str


T = TypeVar("T")


@dataclass
class Pair(Generic[T]):
    one: T
    other: T


def build(*routes, **info):
    document = build_openapi(routes, **{"title": "T", "version": "1", **info})
    OpenAPIV31SpecValidator(json.loads(dumps_openapi(document))).validate()
    return document


def operation(handler, *, path="/", method="GET", **options):
    document = build(Route(path, handler, (method,), options=options))
    (item,) = document["paths"].values()
    return item[method.lower()]


def parameters(handler, **kwargs):
    return {one["name"]: one for one in operation(handler, **kwargs).get("parameters", [])}


def body(handler, **kwargs):
    return operation(handler, method="POST", **kwargs)["requestBody"]


class TestDocument:
    def test_head(self):
        """The document is of version 3.1 and tells what the builder knows of the server."""
        document = build(
            description="All notes.",
            servers=["http://localhost:8080", {"url": "/v1", "description": "one"}],
            info={"contact": {"name": "We"}},
        )
        assert document["openapi"].startswith("3.1.")
        assert document["info"] == {
            "title": "T",
            "version": "1",
            "description": "All notes.",
            "contact": {"name": "We"},
        }
        assert document["servers"] == [{"url": "http://localhost:8080"}, {"url": "/v1", "description": "one"}]
        assert document["paths"] == {}

    def test_no_routes(self):
        """A router that knows of no routes has a document without paths."""
        assert build() == {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}}

    def test_same_routes_same_bytes(self):
        """The same routes give the same bytes, in this process and in one with another hash seed."""
        program = (
            "import sys, dataclasses, types, enum, typing\n"
            "from areion.dev import build_openapi, dumps_openapi\n"
            "@dataclasses.dataclass\nclass A:\n    s: set[str]\n    d: frozenset = frozenset('abc')\n"
            "def h(request, a: A, b: typing.Literal['x', 'y'] = 'x'): pass\n"
            "r = [types.SimpleNamespace(path=p, methods=('GET', 'POST'), handler=h) for p in ('/b', '/a')]\n"
            "sys.stdout.buffer.write(dumps_openapi(build_openapi(r, title='t', version='1')))\n"
        )
        outputs = {
            subprocess.run(
                [sys.executable, "-c", program], check=True, capture_output=True, env={"PYTHONHASHSEED": seed}
            ).stdout
            for seed in ("1", "2")
        }
        assert len(outputs) == 1
        assert json.loads(outputs.pop())["paths"].keys() == {"/b", "/a"}

    def test_dumps_is_readable_json(self):
        """The bytes are UTF-8, indented, end in a line feed, and show other scripts as they are."""
        text = dumps_openapi(build(title="Ärger")).decode()
        assert text.startswith('{\n  "openapi": "3.1.0"')
        assert text.endswith("}\n")
        assert "Ärger" in text

    def test_dumps_shows_values_of_options(self):
        """Dates and enumerations in an option are shown; other objects are named in the error."""
        shown = dumps_openapi({"a": dt.date(2026, 2, 3), "b": Order.UP})
        assert json.loads(shown) == {"a": "2026-02-03", "b": "up"}
        with pytest.raises(TypeError, match="the OpenAPI document contains <object object"):
            dumps_openapi({"a": object()})

    def test_include_in_schema(self):
        """A route may stay out of the document."""
        document = build(Route("/a", print), Route("/b", print, options={"include_in_schema": False}))
        assert list(document["paths"]) == ["/a"]

    def test_routes_with_few_attributes(self):
        """A route of another router needs path, methods and handler only."""
        route = SimpleNamespace(path="/a/:id", methods=["get"], handler=lambda request, **ids: None)
        assert list(build(route)["paths"]["/a/{id}"]) == ["get"]

    def test_tags_are_listed(self):
        """Tags are listed once, those that were described first."""
        document = build(
            Route("/a", print, options={"tags": ["x", "y"]}),
            Route("/b", print, options={"tags": ["y"]}),
            tags=[{"name": "y", "description": "Why."}],
        )
        assert document["tags"] == [{"name": "y", "description": "Why."}, {"name": "x"}]

    def test_security(self):
        """Security schemes are declared for all, and required by a route's `openapi` option."""
        document = build(
            Route("/a", print, options={"openapi": {"security": [{"token": []}]}}),
            security_schemes={"token": {"type": "http", "scheme": "bearer"}},
        )
        assert document["paths"]["/a"]["get"]["security"] == [{"token": []}]
        assert list(document["components"]["securitySchemes"]) == ["token"]


class TestPaths:
    @staticmethod
    def handler(request, **params):
        pass

    def test_converters(self):
        """Typed parameters have the converter's schema, even against the annotation."""

        def handler(request, id: str, rest):
            """Get.

            Args:
                id: Which.
            """

        found = parameters(handler, path="/u/:id<int>/*rest")
        assert found["id"] == {
            "name": "id",
            "in": "path",
            "required": True,
            "description": "Which.",
            "schema": {"type": "integer"},
        }
        assert found["rest"]["description"] == "The rest of the path; it may contain slashes."

    def test_annotation_of_a_plain_parameter(self):
        """A plain parameter has the annotation's schema, or the docstring's, or is a string."""

        def handler(request, a: uuid.UUID, b, c, d: Order):
            """Get.

            Args:
                b (int): B.
            """

        found = parameters(handler, path="/:a/:b/:c/:d")
        assert found["a"]["schema"] == {"type": "string", "format": "uuid"}
        assert found["b"]["schema"] == {"type": "integer"}
        assert found["c"]["schema"] == {"type": "string"}
        assert found["d"]["schema"] == {"$ref": "#/components/schemas/Order"}

    def test_annotation_adds_to_the_converter(self):
        """An annotation of the converter's type may bound and describe it."""

        def handler(request, id: Annotated[int, "Which.", SimpleNamespace(ge=1)]):
            pass

        found = parameters(handler, path="/:id<int>")["id"]
        assert found["schema"] == {"type": "integer", "minimum": 1}
        assert found["description"] == "Which."

    def test_different_names_for_one_position(self):
        """Paths that differ in names only share an item: OpenAPI takes them for identical."""

        def get(request, id):
            pass

        def post(request, user_id: int):
            """Post.

            Args:
                user_id: Whose.
            """

        document = build(Route("/u/:id", get), Route("/u/:user_id", post, ("POST",)))
        item = document["paths"]["/u/{id}"]
        assert item["post"]["parameters"][0]["name"] == "id"
        assert item["post"]["parameters"][0]["description"] == "Whose."
        assert "requestBody" not in item["post"]

    def test_routes_that_only_the_router_tells_apart(self):
        """`/:id<int>` and `/:name` are one operation for OpenAPI; the other is told as its alternative."""
        document = build(Route("/:id<int>", self.handler), Route("/:name", self.handler))
        (item,) = document["paths"].values()
        assert item["get"]["parameters"][0]["schema"] == {"type": "integer"}
        assert item["get"]["x-areion-alternatives"][0]["path"] == "/:name"

    def test_methods_that_openapi_does_not_know(self):
        """Methods without a place in OpenAPI 3.1 stand under an extension."""
        item = build(Route("/a", print, ("GET", "PURGE")))["paths"]["/a"]
        assert list(item) == ["get", "x-areion-operations"]
        assert list(item["x-areion-operations"]) == ["PURGE"]


class TestInputs:
    def test_predecessors_docstring_of_a_get(self):
        """Described parameters of a GET that are not in its path are in the query."""

        def search(request):
            """
            Search notes.

            Args:
                query (str): What to search for.
                limit (int): How many (default is 10).

            Returns:
                HttpResponse: The notes found.
            """

        found = operation(search)
        assert found["summary"] == "Search notes."
        assert found["parameters"] == [
            {
                "name": "query",
                "in": "query",
                "required": True,
                "description": "What to search for.",
                "schema": {"type": "string"},
            },
            {
                "name": "limit",
                "in": "query",
                "description": "How many.",
                "schema": {"type": "integer", "default": 10},
            },
        ]
        assert found["responses"]["200"] == {"description": "The notes found."}

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    def test_predecessors_docstring_of_a_post(self, method):
        """Described parameters of POST, PUT and PATCH that are not in the path are properties of the body."""

        def change(request, note_id):
            """
            Change a note.

            Args:
                note_id (str): Which note.
                title (str): The title.
                tags (list): The tags (default is []).
            """

        found = operation(change, path="/notes/:note_id", method=method)
        assert [one["name"] for one in found["parameters"]] == ["note_id"]
        assert found["requestBody"] == {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "title": {"type": "string", "description": "The title."},
                            "tags": {"type": "array", "items": {}, "description": "The tags.", "default": []},
                        },
                        "required": ["title"],
                    }
                }
            },
            "required": True,
        }

    def test_annotations_go_before_docstring_types(self):
        """The annotation tells the type, the docstring the text."""

        def handler(request, limit: int = 5, order: Order = Order.UP):
            """Get.

            Args:
                limit (str): How many.
            """

        found = parameters(handler)
        assert found["limit"]["schema"] == {"type": "integer", "default": 5}
        assert found["limit"]["description"] == "How many."
        assert found["order"]["schema"] == {"$ref": "#/components/schemas/Order", "default": "up"}

    def test_a_declared_parameter_is_read_by_the_handler(self):
        """Only path parameters are passed; the rest of a signature declares what the handler reads itself."""
        router = DefaultRouter()

        @router.get("/notes")
        def notes(request, limit: int = 10):
            passed = limit
            return [passed, int(request.get_query_param("limit", limit))]

        server = AreionServerBuilder().with_router(router).with_development_mode().build()
        with TestClient(server) as client:
            (declared,) = client.get("/openapi.json").json()["paths"]["/notes"]["get"]["parameters"]
            assert (declared["in"], declared["schema"]) == ("query", {"type": "integer", "default": 10})
            assert client.get("/notes?limit=3").json() == [10, 3]

    def test_what_middleware_injects_is_not_documented(self):
        """Parameters of a service's type, private ones, and those without type, are not the client's."""

        class Database:
            pass

        def handler(request, db: Database, _cache: int, other, missing: "Nowhere", page: int):  # noqa: F821
            pass

        assert list(parameters(handler)) == ["page"]

    def test_optional_by_type(self):
        """A parameter that may be None need not be sent."""

        def handler(request, a: int | None, b: int):
            pass

        found = parameters(handler)
        assert "required" not in found["a"]
        assert found["b"]["required"]

    def test_request_is_no_parameter(self):
        """The request is not the client's parameter, whatever its name, though the docstring describes it."""

        def handler(req: dict, a: int):
            """Get.

            Args:
                req (HttpRequest): The request.
                a: A.
            """

        assert list(parameters(handler)) == ["a"]

    @pytest.mark.parametrize(
        ("kind", "default", "shown"),
        [
            ("int", "5", 5),
            ("str", "asc", "asc"),
            ("str", "'asc'", "asc"),
            ("str", "5", "5"),
            ("bool", "True", True),
            ("list", "[1]", [1]),
            ("int", "many", None),
            ("int", "None", None),
            ("float", "NaN", None),
            ("float", "1e999", None),
        ],
    )
    def test_defaults_of_docstrings(self, kind, default, shown):
        """A default in a docstring is a value of Python or JSON, or text where text is wanted."""

        def handler(request):
            pass

        handler.__doc__ = f"Get.\n\nArgs:\n    x ({kind}): It. Defaults to {default}.\n"
        found = parameters(handler)["x"]
        assert found["schema"].get("default") == shown
        assert "required" not in found

    @pytest.mark.parametrize("default", [None, "x", dt.date(2026, 2, 3), object(), float("inf"), 0])
    def test_default_that_contradicts_its_type(self, default):
        """A default that does not fit the schema is left out: with it the document would not be valid."""

        def handler(request, limit: Annotated[int, SimpleNamespace(ge=1)] = default):
            pass

        found = parameters(handler)["limit"]
        assert "default" not in found["schema"]
        assert "required" not in found

    def test_a_class_with_fields_is_the_body(self):
        """A single dataclass is the body itself, with what the docstring says of it."""

        def create(request, note: Note):
            """Create.

            Args:
                note: What to create.
            """

        assert body(create) == {
            "description": "What to create.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}},
            "required": True,
        }

    def test_two_inputs_are_properties(self):
        """Beside another input a dataclass is a property."""

        def create(request, note: Note, notify: bool = False):
            pass

        schema = body(create)["content"]["application/json"]["schema"]
        assert schema["properties"] == {
            "note": {"$ref": "#/components/schemas/Note"},
            "notify": {"type": "boolean", "default": False},
        }
        assert schema["required"] == ["note"]

    def test_classes_of_the_module_in_docstrings(self):
        """A docstring may name a class that the handler's module knows."""

        def create(request):
            """Create.

            Args:
                note (Note): What to create.
            """

        schema = body(create)["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Note"}

    @pytest.mark.parametrize("annotation", [Note | None, Optional["Note"], Pair[int], Pair[int] | None])
    def test_single_class_that_is_optional_or_generic(self, annotation):
        """The body is that class itself, too, if it may be left out or has parameters."""

        def create(request, note: annotation = None):
            pass

        found = body(create)
        schema = found["content"]["application/json"]["schema"]
        named = schema if "$ref" in schema else schema["anyOf"][0]
        assert named["$ref"].startswith("#/components/schemas/")
        assert found["required"] is False

    def test_files_travel_as_a_form(self):
        """Bytes make the body multipart/form-data."""

        def upload(request, file: bytes, title: str):
            pass

        content = body(upload)["content"]
        assert list(content) == ["multipart/form-data"]
        assert content["multipart/form-data"]["schema"]["properties"]["file"]["format"] == "binary"

    def test_files_that_may_be_many_or_none(self):
        """A list of files is an array of parts, an optional file a part that may be left out; both make a form."""

        def many(request, papers: list[UploadedFile]):
            """No words."""

        def maybe(request, paper: UploadedFile | None, title: str = ""):
            """No words."""

        schema = body(many)["content"]["multipart/form-data"]["schema"]
        assert schema["properties"]["papers"]["type"] == "array"
        assert schema["properties"]["papers"]["items"]["format"] == "binary"
        assert schema["required"] == ["papers"]
        schema = body(maybe)["content"]["multipart/form-data"]["schema"]
        assert schema["properties"]["paper"]["format"] == "binary"
        assert "required" not in schema

    @pytest.mark.parametrize(
        ("chosen", "expected"),
        [
            (Note, {"schema": {"$ref": "#/components/schemas/Note"}}),
            (list[int], {"schema": {"type": "array", "items": {"type": "integer"}}}),
            ({"type": "object"}, {"schema": {"type": "object"}}),
        ],
    )
    def test_request_body_option(self, chosen, expected):
        """The `request_body` option is a type or a schema, and replaces what the signature says."""

        def create(request, title: str):
            pass

        assert body(create, request_body=chosen)["content"] == {"application/json": expected}

    def test_request_body_option_as_a_whole(self):
        """A request body object of OpenAPI is taken as it is; False means that there is none."""

        def create(request, title: str):
            pass

        whole = {"content": {"text/csv": {}}}
        assert body(create, request_body=whole) == whole
        assert "requestBody" not in operation(create, method="POST", request_body=False)


class TestResponses:
    def responses(self, returns: object = ..., doc="", **options):
        def handler(request):
            pass

        handler.__doc__ = doc
        if returns is not ...:
            handler.__annotations__["return"] = returns
        return operation(handler, **options)["responses"]

    @pytest.mark.parametrize(
        ("returns", "content"),
        [
            (Note, {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}}),
            (list[int], {"application/json": {"schema": {"type": "array", "items": {"type": "integer"}}}}),
            (str, {"text/plain": {"schema": {"type": "string"}}}),
            (bytes, {"application/octet-stream": {}}),
            (AsyncIterator[bytes], {"application/octet-stream": {}}),
            (Awaitable[int], {"application/json": {"schema": {"type": "integer"}}}),
            (int | HttpResponse, {"application/json": {"schema": {"type": "integer"}}}),
            ("int | HttpResponse", {"application/json": {"schema": {"type": "integer"}}}),
            (HttpResponse, None),
            ("HttpResponse", None),
            ("elsewhere.HttpResponse", None),
            (None, None),
            (Any, None),
            ("Missing", None),
            (..., None),
        ],
        ids=str,
    )  # fmt: skip
    def test_return_annotation(self, returns, content):
        """The return annotation is the body's schema; a response object, None and the unknown say nothing."""
        assert self.responses(returns)["200"].get("content") == content

    def test_returned_type_of_the_docstring(self):
        """Without an annotation the docstring tells the type; its text is the description."""
        found = self.responses(doc="Get.\n\nReturns:\n    list[int]: Numbers.\n")
        assert found["200"] == {
            "description": "Numbers.",
            "content": {"application/json": {"schema": {"type": "array", "items": {"type": "integer"}}}},
        }

    def test_raises(self):
        """Errors with a status code are responses, the server's and the application's; others are not."""
        doc = """Get.

        Raises:
            NotFoundError: There is none.
            areion.ForbiddenError: Not yours.
            PaymentRequiredError:
            ValueError: Never shown.
            Nothing: Neither.
        """
        found = self.responses(doc=doc)
        assert list(found) == ["200", "402", "403", "404", "default"]
        assert found["404"] == {"description": "There is none."}
        assert found["402"] == {"description": "Pay first"}

    def test_errors_of_one_status_are_joined(self):
        """Two errors with one status code are one response that tells both."""
        doc = "Get.\n\n:raises NotFoundError: A.\n:raises NotFoundError: B.\n"
        assert self.responses(doc=doc)["404"]["description"] == "A.\n\nB."

    def test_default_stands_for_other_errors(self):
        """Errors that nobody described are told by `default`."""
        assert "error" in self.responses()["default"]["description"].lower()

    def test_option_wins(self):
        """The route's `responses`, texts, types or response objects, replace what the handler says."""
        doc = "Get.\n\nRaises:\n    NotFoundError: There is none.\n"
        found = self.responses(
            int,
            doc,
            responses={
                201: "Made.",
                "404": Note,
                HTTPStatus.CONFLICT: {"description": "Twice.", "headers": {}},
                "5XX": "Broken.",
                "default": None,
            },
        )
        assert list(found) == ["201", "404", "409", "5XX"]
        assert found["201"] == {
            "description": "Made.",
            "content": {"application/json": {"schema": {"type": "integer"}}},
        }
        assert found["404"] == {
            "description": "Not Found",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}},
        }
        assert found["409"] == {"description": "Twice.", "headers": {}}

    def test_status_may_be_taken_out(self):
        """None takes a response out; one is always left, as OpenAPI wants."""
        assert list(self.responses(responses={200: None, "default": None})) == ["default"]

    @pytest.mark.parametrize("status", [99, 600, "4X", "never", 4.5])
    def test_wrong_status(self, status):
        """What is no status code is refused, by name."""
        with pytest.raises(ValueError, match=r"^GET /: responses: expected a status code"):
            self.responses(responses={status: "x"})


class TestOperations:
    def test_overrides(self):
        """A route's options go before the handler's docstring."""

        def handler(request):
            """Own.

            Own text.
            """

        found = operation(
            handler,
            summary="S",
            description="D",
            tags=["t"],
            deprecated=True,
            operation_id="o",
            openapi={"x-a": 1},
        )
        assert (found["summary"], found["description"], found["tags"]) == ("S", "D", ["t"])
        assert (found["deprecated"], found["operationId"], found["x-a"]) == (True, "o", 1)

    def test_description(self):
        """Summary and description come from the docstring."""

        def handler(request):
            """Own.

            Own text.
            """

        found = operation(handler)
        assert (found["summary"], found["description"]) == ("Own.", "Own text.")

    def test_deprecated_docstring(self):
        """A docstring may deprecate its route."""

        def handler(request):
            """Own.

            .. deprecated:: 2.0
            """

        assert operation(handler)["deprecated"] is True

    def test_operation_ids_are_unique(self):
        """Ids come from the route's or handler's name; more of them are told apart by method and path."""

        def get(request):
            pass

        document = build(
            Route("/a", get, ("GET", "POST")),
            Route("/b", get),
            Route("/c", get, name="named"),
            Route("/d", lambda request: 1, name="<lambda>"),
            Route("/d/e", lambda request: 1),
        )
        ids = [one["operationId"] for item in document["paths"].values() for one in item.values()]
        assert ids == ["get", "get_post", "get_get", "named", "get_d", "get_d_e"]

    def test_operation_id_given_twice(self):
        """Two routes with one `operation_id` are an error that names both."""
        routes = [Route(path, print, options={"operation_id": "x"}) for path in ("/a", "/b")]
        with pytest.raises(ValueError, match=r"^GET /b: operation_id 'x' is given to GET /a already"):
            build(*routes)

    def test_operation_id_of_several_methods(self):
        """One route's `operation_id` serves all of its methods."""
        item = build(Route("/a", print, ("GET", "POST"), options={"operation_id": "x"}))["paths"]["/a"]
        assert [one["operationId"] for one in item.values()] == ["x", "x_post"]


_SEGMENTS = st.sampled_from(["a", "b", ":id", ":n<int>", ":name", "*rest", "é {}", ":x<uuid>"])


def _handler(doc, annotations):
    def handler(request, *, limit=1, kind="x", **params):
        pass

    handler.__doc__ = doc
    handler.__annotations__.update(annotations)
    return handler


_TYPES = st.sampled_from(
    [int, "int", "Missing", Note, Order, list[Note], bytes, Any, None, 5, Literal["a"], "int |"]
)
_HANDLERS = st.builds(
    _handler,
    st.none()
    | st.text(max_size=60)
    | st.sampled_from(["S.\n\nArgs:\n    q (int): Q.", "S.\n\nRaises:\n    NotFoundError"]),
    st.fixed_dictionaries({}, optional={"limit": _TYPES, "kind": _TYPES, "return": _TYPES}),
)
_ROUTES = st.builds(
    Route,
    st.lists(_SEGMENTS, max_size=3, unique=True).map(lambda parts: "/" + "/".join(parts)),
    _HANDLERS,
    st.lists(st.sampled_from(["GET", "POST", "DELETE", "PURGE"]), min_size=1, max_size=3, unique=True).map(
        tuple
    ),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(_ROUTES, max_size=4))
def test_every_application_has_a_valid_document(routes):
    """Whatever is registered, the document is built and valid, and building it again gives the same bytes."""
    assert dumps_openapi(build(*routes)) == dumps_openapi(build(*routes))


def test_importing_areion_does_not_import_this():
    """Development mode is loaded by those who ask for it only."""
    program = "import areion, sys; sys.exit(any(name.startswith('areion.dev') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_text_that_is_no_unicode():
    """A lone surrogate in a docstring or a default does not keep the document from being written."""
    document = {"info": {"title": "caf\udce9"}}
    assert json.loads(dumps_openapi(document)) == {"info": {"title": "caf?"}}
