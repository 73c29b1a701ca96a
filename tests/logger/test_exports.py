import areion_logger


def test_the_public_names():
    """The public names are these, and nothing disappears from among them unnoticed."""
    assert sorted(areion_logger.__all__) == [
        "BaseLogger",
        "Binding",
        "ConsoleFormatter",
        "EntryFormatter",
        "JsonFormatter",
        "LogHandler",
        "Logger",
        "__version__",
        "bind_context",
        "current_context",
        "unbind_context",
    ]
    assert all(hasattr(areion_logger, name) for name in areion_logger.__all__)
