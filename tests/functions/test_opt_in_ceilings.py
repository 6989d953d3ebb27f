"""Abuse of the open form: few opt-in emails to one mailbox, a bounded number for one form, none while they bounce.

What exceeds a ceiling waits: the post is stored, the reason is shown, and nothing else is held up.
"""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from ses_simulator.errors import Fault
from sodate.dynamodb import table
from sodate.email.events.event import EmailEvent
from sodate.email.mailing import Mailing
from sodate.email.operator_lists.failed import failed_sends, retry_transactional
from sodate.email.reputation import rates
from sodate.email.reputation.account import Account
from sodate.email.reputation.guards import Counts
from sodate.email.reputation.sending_limits import sending_limits
from sodate.forms.opt_in_ceilings import PER_MAILBOX_AND_DAY
from sodate.forms.store import CeilingItem
from sodate.playbook.store import Definitions
from sodate.queries.explanation import explanation
from sodate.runtime.readers import must_read

from tests.support.world import START, Json, World

ANSWERS = {"name": "山田太郎", "company": "例示株式会社", "title": "部長", "agree": True}
MICROSECOND, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)


def post(world: World, email: str, **more: Any) -> str:
    """With a token, as the copy-paste form does. Returns the address."""
    answer = world.post({"email": email, **ANSWERS, "_token": world.fresh_token(), **more})
    assert answer["statusCode"] == 201, answer
    return email


def flood(world: World, *emails: str) -> None:
    for email in emails:
        post(world, email)
    world.settle()


def opt_ins(world: World) -> list[Any]:
    return [m for m in world.ses.simulator.messages if m.tags["name"] == "opt_in"]


def sends(world: World, **wanted: Any) -> list[Json]:
    return [s for s in world.items("send") if all(s.get(name) == value for name, value in wanted.items())]


def set_bots(world: World, **bots: Any) -> None:
    definitions = Definitions()
    body = definitions.live("form", "request-materials").body
    definitions.publish("form", "request-materials", {**body, "bots": {**body["bots"], **bots}}, world.now)


# -- one mailbox -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "emails",
    [
        [f"victim+{n}@example.jp" for n in range(30)],
        [f"{'victim'[:n]}.{'victim'[n:]}+{m}@gmail.com" for n in range(1, 6) for m in range(6)],
    ],
    ids=["tags", "dots"],
)
def test_one_mailbox_gets_three_opt_in_emails_a_day_and_every_post_is_stored(world: World, emails: list[str]) -> None:
    flood(world, *emails)
    assert len(opt_ins(world)) == PER_MAILBOX_AND_DAY
    assert len(world.items("submission")) == len(world.items("profile")) == 30
    waiting = sends(world, state="planned")
    assert len(waiting) + len(sends(world, state="skipped")) == 27
    assert {send["reason"] for send in waiting} == {"opt_in_ceiling:mailbox"}
    for day in range(1, 10):
        world.advance(DAY)
        assert len(opt_ins(world)) <= PER_MAILBOX_AND_DAY * (day + 1)
    by_day = Counter(f"{message.at:%Y-%m-%d}" for message in opt_ins(world))
    assert max(by_day.values()) == PER_MAILBOX_AND_DAY
    assert not sends(world, state="planned"), "an unbounded queue"
    assert {send["reason"] for send in sends(world, state="skipped")} == {"opt_in_ceiling:mailbox"}


def test_no_item_of_a_ceiling_holds_an_address(world: World) -> None:
    flood(world, "victim+1@example.jp")
    found = world.items("ceiling")
    assert len(found) == 2
    assert "victim" not in json.dumps(found, default=str)


def test_a_neighbour_of_the_victim_is_not_held_up(world: World) -> None:
    flood(world, *[f"victim+{n}@example.jp" for n in range(10)])
    flood(world, "victim2@example.jp", "vic.tim@example.jp")
    assert [len(world.mails_to(email)) for email in ("victim2@example.jp", "vic.tim@example.jp")] == [1, 1]


def test_a_waiting_email_is_explained_and_leaves_by_itself_the_next_day(world: World) -> None:
    emails = [f"victim+{n}@example.jp" for n in range(4)]
    flood(world, *emails)
    (mail,) = explanation(Definitions(reads=must_read), world.lead_id(emails[3]), world.now)["mails"]
    assert (mail["state"], mail["reason"]) == ("planned", "opt_in_ceiling:mailbox")
    assert mail["why"].endswith("(next: 2026-11-25 00:00)")
    world.advance(timedelta(hours=21))
    assert not world.mails_to(emails[3])
    world.advance(HOUR * 2)
    (late,) = world.mails_to(emails[3])
    assert world.visit(world.link(late, "/opt-in/"), "POST")["statusCode"] == 200
    assert world.state(world.lead_id(emails[3]))["topics"] == {"product-news": "confirmed"}


def test_a_lead_has_one_waiting_email_however_often_it_posts(world: World) -> None:
    emails = [f"victim+{n}@example.jp" for n in range(4)]
    flood(world, *emails)
    for hour in range(12):
        world.now += HOUR
        post(world, emails[3], message=str(hour))
        world.settle()
    lead = f"LEAD#{world.lead_id(emails[3])}"
    assert [send["state"] for send in sends(world, pk=lead)] == ["planned"]
    assert len([item for item in world.items("submission") if item["pk"] == lead]) == 13


# -- one form ----------------------------------------------------------------------------------------------------------


def test_a_form_sends_its_hours_worth_and_the_rest_is_spread_over_the_next_hours(world: World) -> None:
    set_bots(world, opt_in_emails_per_hour=5)
    emails = [f"p{n}@example.jp" for n in range(13)]
    flood(world, *emails)
    assert len(opt_ins(world)) == 5
    assert {send["reason"] for send in sends(world, state="planned")} == {"opt_in_ceiling:form"}
    world.advance(3 * HOUR)
    assert sorted(m.recipient for m in opt_ins(world)) == sorted(emails)
    by_hour = Counter(f"{message.at:%H}" for message in opt_ins(world))
    assert by_hour == {"02": 5, "03": 5, "04": 3}


def test_a_larger_ceiling_in_the_playbook_counts_for_those_who_ask_from_then_on(world: World) -> None:
    set_bots(world, opt_in_emails_per_hour=1)
    flood(world, "a@example.jp", "b@example.jp")
    set_bots(world, opt_in_emails_per_hour=100)
    world.advance(2 * HOUR)
    flood(world, *[f"p{n}@example.jp" for n in range(20)])
    assert len(opt_ins(world)) == 22


def fill_the_week(world: World) -> None:
    """At one email per hour, the first one takes the slot of now; two slots within seven days are left."""
    set_bots(world, opt_in_emails_per_hour=1)
    flood(world, "first@example.jp")
    (ceiling,) = (one for one in world.items("ceiling") if "opt_in_form" in one["pk"])
    key = CeilingItem(ceiling["pk"], ceiling["sk"])
    table.update(key, [CeilingItem.next_slot.set(int(ceiling["next_slot"]) + 166 * HOUR // MICROSECOND)])


def test_who_finds_seven_days_of_slots_taken_is_listed_and_can_be_planned_again(world: World) -> None:
    fill_the_week(world)
    flood(world, *[f"p{n}@example.jp" for n in range(4)])
    failed = failed_sends(world.now)
    assert {send.reason for send in failed} == {"opt_in_ceiling:form"}
    assert len(failed) == 2
    assert len(world.items("submission")) == 5
    set_bots(world, opt_in_emails_per_hour=100)
    world.advance(8 * DAY)
    for send in failed:
        retry_transactional(send.lead_id, send.send_id, world.now)
    world.advance(HOUR)
    assert len(opt_ins(world)) == 5


def test_the_next_post_of_a_listed_lead_asks_anew_at_once(world: World) -> None:
    fill_the_week(world)
    flood(world, *[f"p{n}@example.jp" for n in range(3)])
    (failed,) = failed_sends(world.now)
    set_bots(world, opt_in_emails_per_hour=100)
    world.advance(8 * DAY)
    email = next(i["address"] for i in world.items("profile") if i["pk"] == f"LEAD#{failed.lead_id}")
    flood(world, email)
    assert len(world.mails_to(email)) == 1


# -- attempts and repeats ----------------------------------------------------------------------------------------------


def test_an_email_that_ses_defers_takes_no_second_turn(world: World) -> None:
    set_bots(world, opt_in_emails_per_hour=2)
    world.ses.simulator.inject(Fault.TOO_MANY_REQUESTS)
    flood(world, "a@example.jp")
    assert not opt_ins(world)
    world.advance(timedelta(minutes=5))
    flood(world, "b@example.jp")
    assert len(opt_ins(world)) == 2


def test_a_repeated_message_of_a_waiting_email_changes_nothing(world: World) -> None:
    flood(world, *[f"victim+{n}@example.jp" for n in range(4)])
    (waiting,) = sends(world, state="planned")
    body = {"v": 1, "what": "transactional", "lead_id": waiting["pk"][5:], "send_id": waiting["sk"][5:]}
    before = world.items("ceiling")
    for number in range(3):
        world.call("email_sender", {"Records": [{"messageId": str(number), "body": json.dumps(body)}]})
    assert world.items("ceiling") == before
    assert sends(world, state="planned") == [waiting]
    assert len(opt_ins(world)) == 3


def test_an_email_that_comes_late_for_its_turn_asks_for_another(world: World) -> None:
    """The dispatcher was down over midnight: three of yesterday and three of today must not leave on one day."""
    flood(world, *[f"victim+{n}@example.jp" for n in range(9)])
    world.now += 2 * DAY
    world.advance(HOUR)
    assert len(opt_ins(world)) == PER_MAILBOX_AND_DAY + 1
    world.advance(3 * DAY)
    by_day = Counter(f"{message.at:%m-%d}" for message in opt_ins(world))
    assert sum(by_day.values()) == 9
    assert max(by_day.values()) == PER_MAILBOX_AND_DAY


def test_waiting_emails_are_counted_for_the_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    flood(world, *[f"victim+{n}@example.jp" for n in range(4)])
    assert '"TransactionalDeferred":[1.0]' in capsys.readouterr().out


# -- the guard of transactional email ----------------------------------------------------------------------------------


def bouncing(count: int) -> list[str]:
    """Invented addresses, no two of one mailbox. SES reports a hard bounce of each."""
    return [f"bounce@d{number}.example.jp" for number in range(count)]


def judged(world: World) -> Any:
    mailing = Mailing.model_validate(Definitions().live("mailing").body)
    return sending_limits(mailing, Account(14.0, 0, None, None), world.now)


def set_guard(world: World, **limits: Any) -> None:
    definitions = Definitions()
    body = definitions.live("mailing").body
    guards = {**body["guards"], "at_least": 10, "transactional": {"at_least": 10, **limits}}
    definitions.publish("mailing", "default", {**body, "guards": guards}, world.now)


def test_bouncing_posts_hold_opt_in_mail_to_new_addresses_and_never_marketing(world: World) -> None:
    set_guard(world)
    flood(world, *bouncing(10))
    world.advance(timedelta(minutes=2))
    assert len(opt_ins(world)) == 10
    assert rates.recent_opt_in(world.now) == Counts(bounced=10)
    assert rates.recent(world.now) == Counts()
    sending_limits, judgement = judged(world)
    assert (sending_limits.hold_reason, judgement.verdict) == (None, "ok")

    flood(world, "taro@example.jp")
    assert not world.mails_to("taro@example.jp")
    (mail,) = explanation(Definitions(reads=must_read), world.lead_id("taro@example.jp"), world.now)["mails"]
    assert mail["reason"] == "transactional_guard"
    world.advance(5 * HOUR)
    assert not world.mails_to("taro@example.jp")
    world.advance(22 * HOUR)
    assert len(world.mails_to("taro@example.jp")) == 1, "the guard ends by itself"


def test_a_bounce_of_marketing_mail_still_holds_marketing_mail(world: World) -> None:
    lead = world.join("taro@example.jp")
    set_guard(world)
    world.advance(2 * DAY)
    (message,) = [m for m in world.mails_to("taro@example.jp") if m.tags["purpose"] == "marketing"]
    before = rates.recent(world.now)
    world.ses.simulator.bounce(message.message_id)
    world.settle()
    assert world.state(lead)["blocked"] == "hard_bounce"
    assert rates.recent(world.now).bounced == before.bounced + 1
    assert rates.recent_opt_in(world.now).bounced == 0


def test_who_confirmed_once_gets_the_email_all_the_same(world: World) -> None:
    lead = world.join("known@example.jp")
    world.advance(2 * DAY)
    step = [m for m in world.mails_to("known@example.jp") if m.tags["purpose"] == "marketing"][-1]
    form = {"content-type": "application/x-www-form-urlencoded"}
    world.visit(world.unsubscribe_url(step), "POST", "List-Unsubscribe=One-Click", **form)
    assert world.state(lead)["blocked"] == "unsubscribed"
    set_guard(world)
    flood(world, *bouncing(10))
    world.advance(timedelta(minutes=2))
    before = len(world.mails_to("known@example.jp"))
    flood(world, "known@example.jp", "new@example.jp")
    assert len(world.mails_to("known@example.jp")) == before + 1
    assert not world.mails_to("new@example.jp")


@pytest.mark.parametrize(("at_least", "left"), [(11, 1), (10, 0)])
def test_a_share_of_too_few_emails_holds_nothing(world: World, at_least: int, left: int) -> None:
    set_guard(world, at_least=at_least)
    flood(world, *bouncing(10))
    world.advance(timedelta(minutes=2))
    flood(world, "taro@example.jp")
    assert len(world.mails_to("taro@example.jp")) == left


def test_mail_to_our_own_sales_counts_nowhere(world: World) -> None:
    event = {"purpose": "transactional", "name": "handoff"}
    rates.record_events([email_event("Delivery", event)], world.now)
    rates.record_events([email_event("Delivery", {"purpose": "transactional", "name": "opt_in"})] * 2, world.now)
    rates.record_events([email_event("Delivery", {})], world.now)
    assert rates.recent(world.now) == Counts(delivered=1)
    assert rates.recent_opt_in(world.now) == Counts(delivered=2)


def email_event(kind: str, tags: dict[str, str]) -> EmailEvent:
    return EmailEvent(kind, "m", START, ("taro@example.jp",), tags)


def test_the_guard_is_counted_for_the_alarm(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    set_guard(world)
    flood(world, *bouncing(10))
    world.advance(timedelta(minutes=2))
    capsys.readouterr()
    flood(world, "taro@example.jp")
    assert '"TransactionalGuard":[1.0]' in capsys.readouterr().out


# -- a stranger's words ------------------------------------------------------------------------------------------------

LURE = {"name": "賞品はこちら https://evil.example/win", "company": "当選おめでとうございます evil.example"}


def test_an_opt_in_email_carries_no_word_of_whoever_posted_the_form(world: World) -> None:
    post(world, "victim@example.jp", **LURE)
    world.settle()
    (message,) = world.mails_to("victim@example.jp")
    said = " ".join((message.subject, message.html, message.text))
    assert "evil.example" not in said
    assert "当選" not in said
    assert "お申し込みありがとうございます" in message.text


def test_a_template_of_an_older_playbook_is_given_no_lead_either(world: World) -> None:
    definitions = Definitions()
    body = definitions.live("template", "confirm-materials").body
    text = '{{ lead.name | default: "ご担当者" }} 様 {{ opt_in_url }}'
    older = {**body, "text": text, "subject": "{{ lead.name | default: '-' }}"}
    definitions.publish("template", "confirm-materials", older, world.now)
    post(world, "victim@example.jp", **LURE)
    world.settle()
    (message,) = world.mails_to("victim@example.jp")
    assert message.text.startswith("ご担当者 様 https://")
    assert "evil" not in message.subject + message.html + message.text
