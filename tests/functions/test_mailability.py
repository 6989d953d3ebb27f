"""Figure 5, second half: no post by a stranger changes whether an existing lead may be mailed for a topic."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sodate.dynamodb import table
from sodate.leads.contact_state import ContactState
from sodate.leads.store import find_state, state_item
from sodate.playbook.store import Definitions

from tests.functions.quick import QuickWorld

TOPICS = ("product-news", "events")
ANSWERS = {"email": "taro@example.jp", "name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}
BLOCKS = (None, "unsubscribed", "soft_bounces", "hard_bounce", "complaint", "suppressed", "no_address")
STATUSES = (None, "pending", "confirmed", "withdrawn")

leads = st.fixed_dictionaries(
    {
        "blocked": st.sampled_from(BLOCKS),
        "topics": st.fixed_dictionaries({topic: st.sampled_from(STATUSES) for topic in TOPICS}),
        "opt_in_mails": st.integers(0, 12),
        "hours_since_opt_in_mail": st.integers(0, 500),
        "paused": st.booleans(),
        "frequency": st.sampled_from((None, "weekly", "monthly")),
    }
)
posts = st.lists(
    st.fixed_dictionaries(
        {
            "double": st.booleans(),
            "topics": st.lists(st.sampled_from(TOPICS), min_size=1, unique=True),
            "hours": st.integers(0, 400),
            "email": st.sampled_from(("taro@example.jp", "TARO@example.jp", "ｔａｒｏ@example.jp")),
            "agree": st.booleans(),
            "_time_zone": st.sampled_from(("Asia/Tokyo", "Pacific/Honolulu", "")),
        }
    ),
    min_size=1,
    max_size=4,
)


def mailable(lead: str) -> tuple[Any, ...]:
    """What the claim asks of consent; the pause and the wish for fewer mails with it."""
    state = find_state(lead)
    assert state is not None
    on = tuple(topic for topic in TOPICS if state.blocked is None and state.topics.get(topic) == "confirmed")
    return on, state.blocked, state.pause_until, state.frequency


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(lead_=leads, sequence=posts)
def test_no_sequence_of_posts_changes_whether_an_existing_lead_may_be_mailed(
    world: QuickWorld, lead_: dict[str, Any], sequence: list[dict[str, Any]]
) -> None:
    if not world.items("profile"):  # one world for all examples; the state is put anew for each
        world.post({**ANSWERS, "agree": False})
    lead = world.lead_id("taro@example.jp")
    stored = find_state(lead)
    assert stored is not None
    asked = world.now - timedelta(hours=lead_["hours_since_opt_in_mail"])
    state = ContactState(
        lead,
        stored.address_key,
        blocked=lead_["blocked"],
        topics={topic: status for topic, status in lead_["topics"].items() if status},
        opt_in_mails=lead_["opt_in_mails"],
        opt_in_mail_at=asked.isoformat() if lead_["opt_in_mails"] else None,
        pause_until="2027-05-01T00:00:00.000Z" if lead_["paused"] else None,
        frequency=lead_["frequency"],
    )
    table.put(state_item(state))
    before = mailable(lead)
    for post in sequence:
        world.now += timedelta(hours=post["hours"], minutes=1)
        use_form(world, post["double"], post["topics"])
        body = {**ANSWERS, "email": post["email"], "agree": post["agree"], "_time_zone": post["_time_zone"]}
        assert world.post(body)["statusCode"] in (200, 201)
        assert mailable(lead) == before
        assert find_state(lead).enrollments == {}, "a post starts no step mail"  # type: ignore[union-attr]


def use_form(world: QuickWorld, double: bool, topics: list[str]) -> None:
    definitions = Definitions()
    body = definitions.live("form", "request-materials").body
    consent = {**body["consent"], "double_opt_in": double, "topics": topics}
    definitions.publish("form", "request-materials", {**body, "consent": consent}, world.now)


def test_a_form_without_double_opt_in_gives_consent_to_the_lead_that_it_creates(world: QuickWorld) -> None:
    use_form(world, False, ["product-news"])
    assert world.post(ANSWERS)["statusCode"] == 201
    lead = world.lead_id("taro@example.jp")
    assert mailable(lead)[0] == ("product-news",)


def test_an_existing_lead_is_asked_by_email_where_the_form_renounces_double_opt_in(world: QuickWorld) -> None:
    world.post({**ANSWERS, "agree": False})
    world.now += timedelta(hours=1)
    use_form(world, False, ["product-news"])
    world.post(ANSWERS)
    world.settle()
    lead = world.lead_id("taro@example.jp")
    assert mailable(lead)[0] == ()
    assert world.visit(world.link(world.mails_to("taro@example.jp")[-1], "/opt-in/"), "POST")["statusCode"] == 200
    assert mailable(lead)[0] == ("product-news",)
