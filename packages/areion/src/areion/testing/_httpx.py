"""The import of httpx and its core: Areion itself does not need them, so missing ones are explained here."""

try:
    import httpcore
    import httpx
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "areion.testing needs httpx: pip install 'areion[testing]'", name=error.name
    ) from None

__all__ = ["httpcore", "httpx"]
