import subprocess
import sys

import areion_engine


def test_the_public_names():
    """The public names are these, and nothing disappears from among them unnoticed."""
    assert sorted(areion_engine.__all__) == [
        "BaseEngine",
        "Engine",
        "EngineError",
        "RenderError",
        "SecurityError",
        "TemplateNotFoundError",
        "TemplateSyntaxError",
        "UndefinedError",
        "__version__",
    ]
    assert all(hasattr(areion_engine, name) for name in areion_engine.__all__)


def test_an_import_alone_needs_no_event_loop():
    """A program that only renders does not pay for the import of asyncio by this package."""
    program = (
        "import sys, jinja2, jinja2.sandbox, jinja2.bccache, jinja2.ext; before = set(sys.modules); "
        "import areion_engine; assert 'asyncio' not in set(sys.modules) - before"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
