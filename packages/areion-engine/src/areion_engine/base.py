"""The contract of a template engine: one method, and hooks that have a working default.

Strategy: an implementer writes `render`, and is done. Nothing here knows a template language or where
templates are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping


class BaseEngine(ABC):
    """What Areion, or any program, may ask of a template engine.

    An engine is used by several threads at a time.

    Example:
        >>> class Brackets(BaseEngine):
        ...     def render(self, template_name, context):
        ...         return f"{template_name}: {dict(context)}"
        >>> Brackets().render("hello", {"name": "Ada"})
        "hello: {'name': 'Ada'}"
    """

    @abstractmethod
    def render(self, template_name: str, context: Mapping[str, object]) -> str:
        """Return the text of a template filled in with `context`.

        Args:
            template_name: Which template; names are made of segments joined by `/` on every platform.
            context: The values for its variables.

        Raises:
            LookupError: There is no such template.
        """

    async def render_async(self, template_name: str, context: Mapping[str, object]) -> str:
        """Return the text of a template that may wait for what it needs.

        By default this is `render`, on the event loop's thread: rendering is a matter of the processor, so a
        thread of its own would gain nothing. An engine whose templates can await overrides it.

        Args:
            template_name: As for `render`.
            context: As for `render`.

        Raises:
            LookupError: There is no such template.
        """
        return self.render(template_name, context)

    def set_development(self, on: bool = True) -> None:  # noqa: ARG002 - a hook
        """Be told whether a developer is at work, who wants a changed template to be seen at once.

        By default nothing changes. An engine that keeps compiled templates looks for changed ones from now
        on.

        Args:
            on: Whether development mode is on.
        """
        return
