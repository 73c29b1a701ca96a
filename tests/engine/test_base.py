import asyncio

import pytest
from areion_engine import BaseEngine


class Least(BaseEngine):
    """The least that the contract asks for."""

    def render(self, template_name, context):
        return f"{template_name} {context}"


def test_render_is_all_that_must_be_written():
    """A class without `render` cannot be made; one with it has everything else."""

    class Nothing(BaseEngine):
        pass

    with pytest.raises(TypeError, match="render"):
        Nothing()
    engine = Least()
    engine.set_development()
    assert asyncio.run(engine.render_async("a", {"b": 1})) == "a {'b': 1}"
