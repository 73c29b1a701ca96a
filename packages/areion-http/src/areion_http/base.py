"""The contract of an HTTP server: what an application asks of one, and a replacement must offer.

What is said here is all that a server needs to know; ``areion_http.testing.HttpServerContract`` is the same as
tests. How bytes become requests is each implementation's own affair and does not live here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod


class BaseHttpServer(ABC):
    """A server that calls a handler with each request and sends what it returns.

    An implementation inherits from this class; Areion also takes one that just has its three methods. It makes
    one for each run of an application, ``YourServer(handler, host=…, port=…, …)``, awaits its :meth:`start` in a
    loop of its own and calls its :meth:`stop`; signals are Areion's affair then, and :meth:`run` is for those who
    use the server alone. Give the class to ``with_http_server(YourServer)``, or register it under the entry-point
    group ``areion.http_server`` and give its name.

    **The constructor** takes the handler, and these by keyword. It opens nothing and needs no event loop.

    Args:
        handler: ``handler(request)``; called in the loop's thread, once with each request. Each request needs a
            context of its own (``contextvars``): a task, or ``copy_context().run`` where requests share one.
        host: A str, the name or address to listen on; ``""`` is every interface. Default: ``"127.0.0.1"``.
        port: An int from 0 to 65535; 0 picks a free port. Default: 8080.
        config: An ``HttpConfig``, the limits and deadlines to keep. Default: ``HttpConfig()``.
        request_class: The subclass of ``HttpRequest`` to make requests of. Default: ``HttpRequest``.
        on_error: ``on_error(request, exception)``, called in the loop's thread with each ``Exception`` that comes
            out of the handler, and with what keeps its answer from being sent; what it returns is answered like
            what a handler returns. Default: an ``HttpError`` is answered as it says, anything else is logged
            with its traceback and answered 500 without details; so is what ``on_error`` itself raises.
        read_body: True, the default: read the body first, so that ``request.body`` is there when the handler is
            called. False, which Areion passes: call the handler when the head is complete, and let it pull the body
            (below). A server that reads all bodies first, up to ``config.max_body_size``, serves Areion too;
            then 401 or 413 come after the body, and ``stream=True`` has no effect.
        on_listening: Called without arguments in the loop's thread, once per run, as soon as connections are
            accepted. Default: nobody is told.

    Areion passes the following **if the signature has them**. If one was set and the signature lacks it,
    ``build()`` raises ``ValueError``: to ignore a certificate would be grave. So do not take ``**options`` unless
    you look at all of them.

    - ``tls``: an ``ssl.SSLContext``; ``certfile``, ``keyfile``, ``client_ca``: paths of PEM files; or None.
    - ``unix_socket``: the path to listen on instead of host and port, or None; ``unix_socket_mode``: its
      permissions, an int.
    - ``sockets``: a sequence of sockets or descriptors that listen already, instead of all the above, or None.
      They are not yours: leave the files of unix sockets. With several workers Areion always passes some.
    - ``backlog``: an int, how many connections the system may hold until they are accepted.

    **Requests** are ``request_class(method, target, headers, body)``: ``target`` in origin form, still
    percent-encoded; ``headers`` all fields that were sent, as pairs of str (Latin-1); ``body`` bytes. A
    ``ValueError`` means a field that no message may have: answer 400. Then set what only the server knows:

    - ``request.connection``: an object of your subclass of ``areion_http.request.ConnectionInfo``, which knows
      ``client``, ``scheme``, ``disconnected``, ``stopping``, ``server`` and ``tls``. Requests ask it.
    - ``request.host``, where the target was in absolute form: its authority wins over the Host field.
    - ``request.trailers``: the fields behind a body in chunks, once it has been read.

    When the response has been sent or given up, call ``request.close()``: it removes uploaded files.

    For a body that is pulled, use a subclass of ``request_class`` and set ``declared_length`` (-1 for chunks).
    Override ``body_arrived``, ``stream(limit)``, and ``read(limit)``, which also keeps the content as ``body``; the
    other ways to read are made of these. Without a ``limit``, what ``limit_body`` was called with holds, and else
    ``config.max_body_size``; beyond it raise ``PayloadTooLargeError``.

    **What a handler returns** may be awaitable (``inspect.isawaitable``): await it. If it is no ``HttpResponse``
    then, ``HttpResponse(value)`` is what is sent; the ``TypeError`` of a value that cannot be a body goes to
    ``on_error`` as ``UnsendableError(value, error)``.

    **Responses** have ``status_code``, ``headers`` (``pairs()`` has every field, Content-Type included) and a body.
    Content-Length, Transfer-Encoding and Connection are yours to set. HEAD is answered like GET without the body;
    1xx, 204 and 304 have neither body nor Content-Length (RFC 9110 §6.4.1). Of bodies there are three kinds:

    - ``areion_http.response.BodyStream``: ``chunks`` is a sync or an async iterator; each piece is encoded by
      ``areion_http.response.encode_body(piece, response.content_type)``. At the end, and when the response is
      given up, call ``close`` (it may be None, and may return an awaitable). If it raises after the first byte,
      abort the connection: nothing may look like a good end.
    - ``FileBody``: ``body.open(method, headers, status=response.status_code)``, in a worker thread, says what to
      send as an ``areion_http.files.FileDelivery``; conditions and ranges are judged there. Its status and its
      fields win. It raises ``NotFoundError``, which is ``on_error``'s.
    - All others have bytes: ``response.encode()``, which raises ``TypeError`` or ``ValueError`` if they cannot be
      made; and ``response.format_response()`` is the whole message for a persistent HTTP/1.1 connection.

    **Optional**, and used where they are: ``addresses``, a sequence of ``(host, port)`` and paths of unix sockets
    that are listened on now; without it ``AreionServer.address`` is None. ``abort()``, called in the loop's thread
    by a second signal: end the drain at once. ``reload_certificates()``, called by SIGHUP.

    **What the contract suite checks**, by :meth:`run` in a thread and real sockets: status, fields and body of
    responses, and other values as bodies; what requests say; coroutine handlers; ``read_body=False`` and
    ``limit_body``; ``HttpError``, crashes, ``on_error``, ``UnsendableError``, ``request_class``; HEAD, 204 and
    keep-alive; iterators, sync and async, and those that fail; files and ranges; ``on_listening``; that
    :meth:`stop`, from another thread, lets a running request finish, ends :meth:`run` and frees the port; a stop
    that is repeated, and one before the start; :meth:`start` in a running loop; a port in use. It does not check
    limits, deadlines, TLS, the optional settings or how strict the server is.
    """

    @abstractmethod
    def run(self) -> None:
        """Serve until :meth:`stop`, SIGINT or SIGTERM; drain as :meth:`start` does; return.

        It blocks the calling thread and owns the event loop there. Signals are taken in the main thread only.

        Raises:
            SystemExit: With status 1, after one line on standard error, if an address cannot be listened on.
        """

    @abstractmethod
    async def start(self) -> None:
        """Listen, serve inside the running loop until :meth:`stop`, drain, return.

        To drain is to close the listeners and idle connections at once, to let running requests finish within
        ``config.shutdown_timeout`` seconds, and to cut what is left. When this returns, or raises, nothing
        listens, and no task or connection is left.

        Raises:
            ListenError: If an address cannot be listened on; its text says in one line which and why.
        """

    @abstractmethod
    def stop(self) -> None:
        """Begin to stop, and return at once.

        It may be called from any thread, from a signal handler and repeatedly. Before :meth:`start` it is not lost:
        the next start ends at once.
        """
