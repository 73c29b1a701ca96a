"""What a user writes, with annotations: the type checker reads it strictly (see .mypy.ini)."""

from collections.abc import AsyncIterator

from areion import (
    AreionServer,
    AreionServerBuilder,
    BaseMiddleware,
    DefaultEngine,
    DefaultLogger,
    DefaultOrchestrator,
    DefaultRouter,
    HttpError,
    HttpRequest,
    HttpResponse,
    NotFoundError,
    ResponseFilter,
    create_json_response,
)

router = DefaultRouter(prefix="/api")


class TeapotError(HttpError):
    status_code = 418
    message = "short and stout"


class Timing(BaseMiddleware):
    async def handle(self, request: HttpRequest) -> HttpRequest:
        request.add_metadata("seen", True)
        return request


class Tag(ResponseFilter):
    pass


@router.get("/users/:id<int>", middlewares=[Timing()], timeout=5)
async def show(request: HttpRequest, id: int) -> HttpResponse:
    name: str | None = request.get_query_param("name")
    if name is None:
        raise NotFoundError("no such user")
    agent: str | None = request.get_header("User-Agent")
    response = create_json_response({"id": id, "agent": agent, "path": request.path})
    response.set_cookie("seen", "1", httponly=True)
    return response


@router.post("/upload", stream=True, max_body=1_000_000)
async def upload(request: HttpRequest) -> dict[str, int]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
    return {"size": size}


@router.get("/stream")
async def stream(request: HttpRequest) -> AsyncIterator[bytes]:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"

    return pieces()


def on_key_error(request: HttpRequest, error: KeyError) -> HttpResponse:
    return HttpResponse({"missing": str(error)}, status_code=400)


async def warm_up(server: AreionServer) -> None:
    print(server.address)


server: AreionServer = (
    AreionServerBuilder()
    .with_router(router)
    .with_logger(DefaultLogger(log_level="DEBUG"))
    .with_orchestrator(DefaultOrchestrator(max_workers=2))
    .with_engine(DefaultEngine())
    .with_error_handler(KeyError, on_key_error)
    .with_startup_hook(warm_up)
    .with_filter(Tag())
    .with_cors("https://app.example")
    .with_limits(max_body_size=1000)
    .with_timeouts(handler_timeout=None)
    .build()
)
