from collections.abc import Iterator

import pytest

from tests.support import world as worlds


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[worlds.World]:
    with worlds.world(monkeypatch) as found:
        yield found
