"""Figure 9: no random post is an unhandled error or a 5xx at the real form handler (`make fuzz` plays many more)."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.functions.quick import QuickWorld
from tests.fuzz.bodies import random_post
from tests.fuzz.forms import answer, is_broken


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**48))
def test_no_random_post_is_an_unhandled_error(world: QuickWorld, seed: int) -> None:
    post = random_post(random.Random(seed))  # noqa: S311
    status = answer(world, post)
    assert not is_broken(status), (status, post)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.one_of(st.none(), st.text(max_size=80)), content_type=st.text(max_size=40), is_base64=st.booleans())
def test_no_text_and_no_content_type_is_an_unhandled_error(
    world: QuickWorld, body: str | None, content_type: str, is_base64: bool
) -> None:
    status = answer(world, ("text", body, {"content-type": content_type}, is_base64))
    assert not is_broken(status), status


def test_the_random_posts_reach_the_table_and_every_kind_of_answer(world: QuickWorld) -> None:
    statuses = {answer(world, random_post(random.Random(seed))) for seed in range(600)}  # noqa: S311
    assert {"201", "400", "415", "422"} <= statuses
