from collections.abc import Iterator

import pytest

from tests.functions.quick import quick_world
from tests.support import world as worlds

#: The story is told on moto's DynamoDB too; the many cases run on the memory table.
ON_MOTO = ("test_the_story",)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[worlds.World]:
    on_moto = request.module.__name__.endswith(ON_MOTO)
    with worlds.world(monkeypatch) if on_moto else quick_world(monkeypatch) as found:
        yield found
