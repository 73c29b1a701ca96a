"""`areion check`: what it prints and its exit status."""

import json

BAD = """
    import time
    from areion import AreionServerBuilder, DefaultRouter

    router = DefaultRouter()


    @router.get("/")
    async def home(request):
        time.sleep(1)


    builder = AreionServerBuilder().with_router(router).with_host("127.0.0.1").with_limits(max_connections=100)
"""


def test_nothing_to_mend(areion, app):
    """A good application is said to be one."""
    done = areion("check", "app:builder", "--limit", "max_connections=100")
    assert (done.status, done.out) == (0, "Nothing was found.\n")


def test_warnings(areion, project):
    """Warnings are shown with place and advice; with --strict they fail."""
    project.write("bad.py", BAD)
    done = areion("check", "bad:builder")
    assert done.status == 0
    assert done.out == (
        "WARNING the handler home calls time.sleep, which sleeps: all other requests wait\n"
        "  bad.py:10  [blocking-call]\n"
        "  use await asyncio.sleep(...)\n"
        "\n"
        "1 warning\n"
    )
    assert areion("check", "bad:builder", "--strict").status == 1


def test_options_of_run_count(areion, project):
    """What would be served is what is reviewed."""
    project.write("bad.py", BAD)
    project.write("dev.py", "from bad import builder\nbuilder.with_development_mode()")
    done = areion("check", "dev:builder", "--host", "0.0.0.0", "--json")
    assert done.status == 1
    findings = json.loads(done.out)
    assert [finding["severity"] for finding in findings] == ["error", "warning", "advice"]
    assert findings[0]["code"] == "development-public"
    assert findings[0].keys() == {"severity", "code", "message", "where", "advice"}
