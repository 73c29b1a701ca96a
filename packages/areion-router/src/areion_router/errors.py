"""Everything this package raises on purpose; each error carries its facts as attributes.

```
LookupError
├── NotFoundError            no route matches the path
└── MethodNotAllowedError    routes match the path, none of them has the method
ValueError
├── PatternError             a path pattern cannot be read
├── RouteConflictError       two registrations would answer the same requests
└── UrlBuildError            url_for cannot build what was asked for
RuntimeError
└── RouterFrozenError        a registration after the router was frozen
```

These are facts about routes, not HTTP responses: whoever serves requests turns them into answers.
"""

from __future__ import annotations


class NotFoundError(LookupError):
    """No route matches the path, whatever the method.

    Attributes:
        path: The path as it was asked for.
    """

    def __init__(self, path: str) -> None:
        self.path = path  # PERF: args are set by BaseException.__new__; a missed look-up should be cheap

    def __str__(self) -> str:
        return f"no route matches the path {self.path!r}"


class MethodNotAllowedError(LookupError):
    """Routes match the path, but none of them has the method.

    Attributes:
        method: The method as it was asked for.
        path: The path as it was asked for.
        allowed: The methods that would have matched, in a stable order: what the `Allow`
            field of a 405 answer lists (RFC 9110, section 15.5.6).
    """

    def __init__(self, method: str, path: str, allowed: tuple[str, ...]) -> None:
        self.method = method
        self.path = path
        self.allowed = allowed

    def __str__(self) -> str:
        allowed = ", ".join(self.allowed)
        if self.method in self.allowed:
            # OPTIONS: the server answers it with these methods, so it is allowed, and has no handler.
            return (
                f"no route answers {self.method} for the path {self.path!r} itself; allowed there: {allowed}"
            )
        return f"{self.method} is not allowed for the path {self.path!r}; allowed: {allowed}"


class PatternError(ValueError):
    """A path pattern cannot be read.

    Attributes:
        pattern: The pattern as written.
        reason: What is wrong with it, and how to write it instead.
    """

    def __init__(self, pattern: str, reason: str) -> None:
        self.pattern = pattern
        self.reason = reason

    def __str__(self) -> str:
        return f"path pattern {self.pattern!r}: {self.reason}"


class RouteConflictError(ValueError):
    """Two registrations would answer the same requests, or bear the same name.

    Attributes:
        earlier: The registration that was there, with its `file:line`.
        later: The registration that was refused, with its `file:line`.
        reason: What they share.
    """

    def __init__(self, later: str, earlier: str, reason: str) -> None:
        self.later = later
        self.earlier = earlier
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.later} conflicts with {self.earlier}: {self.reason}"


class UrlBuildError(ValueError):
    """`url_for` cannot build the URL that was asked for.

    Attributes:
        name: The route's name as it was asked for.
        reason: What is wrong: the name, a missing parameter or a value that does not fit.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"url_for({self.name!r}): {self.reason}"


class RouterFrozenError(RuntimeError):
    """The router was frozen, so its routes and middleware can no longer change.

    Attributes:
        action: What was tried.
    """

    def __init__(self, action: str) -> None:
        self.action = action

    def __str__(self) -> str:
        return (
            f"{self.action}: the router is frozen (it is being served), "
            "so this would have no effect; register everything before it starts"
        )
