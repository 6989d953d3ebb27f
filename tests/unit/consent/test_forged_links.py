"""Figure 13: no forged link is accepted, and links of keys that were retired but are active work, all of them."""

import os
import random
from datetime import timedelta

import pytest
from sodate.errors import Invalid
from sodate.signing import Signer

from tests.support import forgery

#: `make simulate` asks for 100,000.
FORGED = int(os.environ.get("SODATE_FORGED_LINKS", "5000"))


def test_no_forged_link_is_accepted() -> None:
    assert forgery.forge(seed=1, n=FORGED) == 0


def test_every_way_of_forging_changes_the_link_and_is_tried() -> None:
    chance = random.Random(2)  # noqa: S311
    for way in forgery.FORGERIES:
        tried = 0
        for _ in range(50):
            good = forgery.SIGNER.sign("opt-in", {"l": "L", "c": "C"}, forgery.NOW, timedelta(days=30))
            tried += way(chance, "opt-in", good) != ("opt-in", good)
        assert tried > 25, way.__name__


@pytest.mark.parametrize("purpose", forgery.PURPOSES)
def test_links_of_every_active_key_work_and_of_a_removed_one_none(purpose: str) -> None:
    """Rotation appends the newest key; the older ones verify until they are taken out."""
    keys = [f"key-{number}" for number in range(6)]
    for number in range(6):
        signed = Signer(keys[: number + 1]).sign(purpose, {"l": "L"}, forgery.NOW, timedelta(days=30))
        for later in range(number + 1, 7):
            assert Signer(keys[:later]).verify(purpose, signed, forgery.NOW)["l"] == "L"
        with pytest.raises(Invalid):
            Signer([key for key in keys if key != keys[number]]).verify(purpose, signed, forgery.NOW)
