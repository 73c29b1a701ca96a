"""Development mode's documentation: the OpenAPI document and the pages that show it.

Nothing of this is imported by `import areion`: the builder imports it when development mode is on.
"""

from areion.dev.docstrings import DocItem, Docstring, parse_docstring
from areion.dev.mount import describe, mount_docs
from areion.dev.openapi import Document, build_openapi, dumps_openapi
from areion.dev.pages import DocsSite
from areion.dev.schema import SchemaBuilder

__all__ = [
    "DocItem",
    "DocsSite",
    "Docstring",
    "Document",
    "SchemaBuilder",
    "build_openapi",
    "describe",
    "dumps_openapi",
    "mount_docs",
    "parse_docstring",
]
