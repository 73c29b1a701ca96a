"""explain: the story of a look-up."""

from __future__ import annotations

from areion_router import Router


def make():
    router = Router()
    for method, pattern in [
        ("GET", "/users/me/settings"),
        ("GET", "/users/:uid<int>"),
        ("GET", "/users/:name"),
        ("POST", "/users/:name/x"),
        ("GET", "/files/*rest"),
        ("GET", "/"),
    ]:
        router.add_route(pattern, print, method)
    return router


def test_a_match():
    """It tells the route, with its place in the program, and what was tried before."""
    story = make().explain("GET", "//users/you/?x")
    assert story.route.path == "/users/:name"
    assert story.segments == ("users", "you")
    assert story.allowed == ("GET", "HEAD", "OPTIONS")
    assert story.verdict == f"matched GET /users/:name ({story.route.source})"
    assert str(story).splitlines() == [
        "GET //users/you/?x",
        "segments: 'users', 'you'",
        "  'users' is taken by users",
        "    'you' is refused by :uid<int>: 'you' does not match '0|-?[1-9][0-9]*'",
        "    'you' is taken by :name",
        f"      end: {story.route}",
        story.verdict,
    ]
    assert __file__ in str(story)


def test_backtracking():
    """It tells which ways were taken back."""
    story = make().explain("POST", "/users/me/x")
    assert story.route.path == "/users/:name/x"
    assert "      'x': nothing takes it here (static text here: 'settings')" in str(story).splitlines()


def test_another_method():
    """It tells which methods there are."""
    story = make().explain("DELETE", "/users/7")
    assert story.route is None
    assert story.verdict == "method not allowed: the path answers GET, HEAD, OPTIONS"
    assert "end: no DELETE here, only GET" in str(story)


def test_not_found():
    """It tells where the search ended."""
    story = make().explain("GET", "/users/7/8/9")
    assert story.verdict == "not found: no route matches the path, whatever the method"
    assert "nothing takes it here" in str(story)
    assert "no route ends here" in str(make().explain("GET", "/users"))
    empty = Router().explain("GET", "/")
    assert str(empty).splitlines()[1] == "segments: none"


def test_head_and_catch_all():
    """It tells that GET answers HEAD, and what a catch-all takes."""
    story = make().explain("HEAD", "/files/a%2Fb/c")
    assert "'a/b/c' is taken by *rest" in str(story)
    assert "which answers HEAD" in str(story)


def test_long_stories_are_cut():
    """A path that leads through thousands of patterns does not fill the screen."""
    router = Router()
    for number in range(40):
        for other in range(20):
            router.register_converter(f"c{number}x{other}", {"regex": ".+"} and Conv(number, other))
            router.add_route(f"/:a<c{number}x{other}>/end{number}", print)
    story = router.explain("GET", "/x/y")
    assert len(story.steps) == 501
    assert story.steps[-1].endswith("more steps")


class Conv:
    regex = ".+"

    def __init__(self, number, other):
        self.examples = (f"{number}-{other}",)

    def parse(self, text):
        return text

    def format(self, value):
        return value
