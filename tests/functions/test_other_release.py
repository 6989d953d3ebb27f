"""An old release beside definitions of a newer one: keys it does not know, values it does not know, nothing readable.

The release under test plays the old one; the definitions are today's with what a next release might add to them.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from ses_simulator.envelopes import sqs_event_of
from sodate.conditions.evaluate import matcher
from sodate.conditions.language import ActivityTest
from sodate.conditions.one_line_printer import print_one_line
from sodate.dynamodb import keys
from sodate.email.content.render import must_compile
from sodate.errors import Invalid, Transient
from sodate.playbook.store import Definitions, DefinitionUnreadable, Stored, parsed
from sodate.runtime.readers import must_read
from sodate.scenarios.compose import StepComposer
from sodate.scenarios.programs import is_scenario
from sodate.scheduling import store as due
from sodate.scoring.rules import RuleSet

from tests.functions.quick import QuickWorld
from tests.functions.sales import answer, feedback_link, lead, rise
from tests.functions.test_send_protocol import due_step, publish_template, steps
from tests.simulation.old_release import KINDS, UNREADABLE, with_unknown_keys
from tests.support.world import Json, World

ONE_CLICK = "List-Unsubscribe=One-Click"
HTML_FORM = {"content-type": "application/x-www-form-urlencoded"}
TARO, ANSWERS = "taro@example.jp", {"name": "n", "company": "c", "title": "部長", "agree": True}


def every_definition() -> list[Stored]:
    return [stored for kind in KINDS for stored in Definitions().all_live(kind)]


def is_reported(capsys: pytest.CaptureFixture[str]) -> bool:
    return "DefinitionUnreadable" in capsys.readouterr().out


def play_and_check(world: World) -> None:
    """A post, an opt-in, step mails, clicks, sales and its answer, preferences, one click: all as it should be."""
    joined = world.join(TARO)
    world.advance(timedelta(days=14))
    mails = world.mails_to(TARO)
    assert len(mails) == 4
    for mail in mails[1:]:
        world.ses.simulator.open(mail.message_id)
    for _ in range(2):
        world.now += timedelta(minutes=3)
        world.ses.simulator.click(mails[-1].message_id, world.link(mails[-1], "/pricing"))
    world.settle()
    assert world.score(joined)["hot"] is True
    link = feedback_link(world.mails_to("sato@example.jp")[-1].text)
    assert answer(world, link, method="GET")["statusCode"] == 200
    assert answer(world, link, {"answer": "accepted"})["statusCode"] == 200
    world.settle()
    assert "製品・導入事例のご案内" in world.visit(world.link(mails[-1], "/preferences/"))["body"]
    assert world.visit(mails[-1].unsubscribe_url, "POST", ONE_CLICK, **HTML_FORM)["statusCode"] == 200
    assert world.state(joined)["blocked"] == "unsubscribed"
    assert world.dead_letters() == []


# -- the next release's definitions ------------------------------------------------------------------------------------


def test_keys_that_this_release_does_not_know_change_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for stored in every_definition():
        Definitions().publish(stored.kind, stored.id, with_unknown_keys(stored.body), world.now)
    play_and_check(world)
    assert not is_reported(capsys)


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_this_release_cannot_read_leaves_the_last_good_version_in_force(
    world: World, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    kind, change = UNREADABLE[what]
    for stored in [one for one in Definitions().all_live(kind) if not is_scenario(one.body)]:
        body = deepcopy(stored.body)
        change(body)
        Definitions().publish(kind, stored.id, body, world.now)
        with pytest.raises(DefinitionUnreadable, match=f"{kind} '{stored.id}' version 2"):
            must_read(Definitions().live(kind, stored.id))
    play_and_check(world)
    assert is_reported(capsys)


def test_an_unreadable_definition_is_reported_once_a_minute_and_no_more(world: World) -> None:
    reports, time = list[DefinitionUnreadable](), [0.0]
    rules = Definitions().live("rules")
    Definitions().publish("rules", "default", {**rules.body, "rules": "?"}, world.now)
    definitions = Definitions(lambda: time[0], reads=must_read, on_unreadable=reports.append)
    for _ in range(3):
        assert definitions.live("rules").version == rules.version
    assert len(reports) == 1
    time[0] = 60.0
    definitions.live("rules")
    assert len(reports) == 2


def test_a_version_that_was_asked_for_by_its_number_is_never_replaced_by_another(world: World) -> None:
    body = Definitions().live("sequence", "materials-follow-up").body
    number = Definitions().publish("sequence", "materials-follow-up", {**body, "steps": []}, world.now)
    with pytest.raises(DefinitionUnreadable):
        Definitions(reads=must_read).version("sequence", "materials-follow-up", number)


def test_what_must_compile_is_judged_without_a_lead() -> None:
    must_compile("{{ lead.name | default: 'x' }}", "{% if form.title %}{{ opt_in_url }}{% endif %}", "{{ preheader }}")
    with pytest.raises(Invalid, match="money"):
        must_compile("{% if false %}{{ 1 | money }}{% endif %}", "", "")


# -- no version can be read --------------------------------------------------------------------------------------------


def make_unreadable(world: QuickWorld, *kinds: str) -> Callable[[], None]:
    """Every version of them is of another world. Returned is what mends it."""
    pks = [keys.definitions(kind) for kind in kinds]
    before = {key: item for key, item in world.table.items.items() if key[0] in pks and "body" in item}
    another_world = {"body": {"S": json.dumps({"of": "another world"})}, "digest": {"S": "?"}}
    world.table.items.update({key: {**item, **another_world} for key, item in before.items()})
    world.new_process()

    def mend() -> None:
        world.table.items.update(before)
        world.new_process()

    return mend


def test_an_opt_out_needs_no_definition_at_all(world: QuickWorld) -> None:
    joined = world.join(TARO)
    world.advance(timedelta(days=1))
    mail = world.mails_to(TARO)[-1]
    make_unreadable(world, *KINDS)
    assert world.visit(mail.unsubscribe_url)["statusCode"] == 200
    assert world.visit(world.link(mail, "/preferences/"))["statusCode"] == 200
    assert world.visit(mail.unsubscribe_url, "POST", ONE_CLICK, **HTML_FORM)["statusCode"] == 200
    assert world.state(joined)["blocked"] == "unsubscribed"


def test_the_preference_page_stops_mail_without_a_definition(world: QuickWorld) -> None:
    joined = world.join(TARO)
    world.advance(timedelta(days=1))
    link = world.link(world.mails_to(TARO)[-1], "/preferences/")
    make_unreadable(world, *KINDS)
    assert world.visit(link, "POST", "do=stop", **HTML_FORM)["statusCode"] == 200
    assert world.state(joined)["blocked"] == "unsubscribed"


def test_a_complaint_stops_mail_without_a_definition(world: QuickWorld) -> None:
    joined = world.join(TARO)
    world.advance(timedelta(days=1))
    world.ses.simulator.take_events(all_of_them=True)
    world.ses.simulator.complain(world.mails_to(TARO)[-1].message_id)
    make_unreadable(world, *KINDS)
    events = sqs_event_of(world.ses.simulator.take_events(all_of_them=True), world.now)
    assert world.call("email_events", events) == {"batchItemFailures": []}
    assert world.state(joined)["blocked"] == "complaint"


def test_forms_and_the_pages_of_sales_ask_to_come_back(world: QuickWorld) -> None:
    joined = lead(world, TARO.split("@")[0])
    rise(world, joined)
    world.settle()
    link = feedback_link(world.mails_to("sato@example.jp")[-1].text)
    mend = make_unreadable(world, *KINDS)
    event = world.http_event("GET /forms/{form_id}", {"form_id": "request-materials"}, {}, None, False)
    answers = [
        world.call("form_capture", event),
        world.post({"email": TARO, **ANSWERS}),
        answer(world, link, method="GET"),
        answer(world, link, {"answer": "accepted"}),
    ]
    assert [one["statusCode"] for one in answers] == [503] * 4
    mend()
    assert answer(world, link, {"answer": "accepted"})["statusCode"] == 200
    assert world.post({"email": TARO, **ANSWERS})["statusCode"] == 201


def test_a_confirmation_asks_to_come_back_and_then_starts_the_sequence(world: QuickWorld) -> None:
    world.post({"email": TARO, **ANSWERS})
    world.settle()
    link = world.link(world.mails_to(TARO)[-1], "/opt-in/")
    mend = make_unreadable(world, *KINDS)
    assert world.visit(link)["statusCode"] == 200
    assert world.visit(link, "POST")["statusCode"] == 503
    mend()
    assert world.visit(link, "POST")["statusCode"] == 200
    assert "materials-follow-up" in world.state(world.lead_id(TARO))["enrollments"]


@pytest.mark.parametrize("kind", ["template", "mailing", "sequence"])
def test_step_mail_is_held_and_sent_when_it_can_be_read_again(world: QuickWorld, kind: str) -> None:
    records = due_step(world)
    mend = make_unreadable(world, kind)
    failures = world.call("email_sender", {"Records": records})["batchItemFailures"]
    assert [one["itemIdentifier"] for one in failures] == [records[0]["messageId"]]
    assert {send["state"] for send in steps(world)} <= {"planned"}
    assert len(world.ses.simulator.messages) == 1
    mend()
    assert world.call("email_sender", {"Records": records}) == {"batchItemFailures": []}
    world.advance(timedelta(minutes=10))
    assert [send["state"] for send in steps(world)] == ["delivered"]


@pytest.mark.parametrize("kind", ["template", "mailing"])
def test_an_opt_in_mail_is_held_and_sent_when_it_can_be_read_again(world: QuickWorld, kind: str) -> None:
    world.post({"email": TARO, **ANSWERS})
    mend = make_unreadable(world, kind)
    world.settle()
    (transactional,) = world.items("send")
    assert (transactional["state"], transactional["reason"]) == ("planned", "definition_unreadable")
    mend()
    world.advance(timedelta(minutes=10))
    assert len(world.mails_to(TARO)) == 1


@pytest.mark.parametrize(
    ("function", "event"),
    [
        ("sales_handoff", None),
        ("sales_followup", {}),
        ("suppression_sync", {}),
        ("privacy_review", {}),
        ("send_sweeper", {}),
        ("score_decay", {}),
        ("step_mail_dispatch", {}),
    ],
)
def test_what_runs_by_the_clock_or_the_bus_loses_nothing(world: QuickWorld, function: str, event: Json | None) -> None:
    """It works, or it raises: then the bus and the schedule come again, and nothing that was due is gone."""
    joined = lead(world, "taro")
    event = rise(world, joined) if event is None else event
    due_before = [item for item in world.items("due")]
    mend = make_unreadable(world, *KINDS)
    try:
        world.call(function, event)
    except Transient:
        assert world.items("due") == due_before
        mend()
        world.call(function, event)


def test_a_score_is_folded_when_the_rules_can_be_read_again(world: QuickWorld) -> None:
    mend = make_unreadable(world, "rules")
    world.post({"email": TARO, **ANSWERS})
    records = [r for r in world.stream_records() if r["dynamodb"]["NewImage"]["kind"]["S"] in ("activity", "profile")]
    assert world.call("scoring", {"Records": records})["batchItemFailures"]
    mend()
    assert world.call("scoring", {"Records": records}) == {"batchItemFailures": []}
    assert world.score(world.lead_id(TARO))["total"] > 0


# -- one version a batch -----------------------------------------------------------------------------------------------


def test_the_ledger_names_the_version_that_was_rendered_also_when_one_is_published_in_mid_batch(world: World) -> None:
    for number in range(3):
        world.join(f"p{number}@example.jp")
    world.now += timedelta(days=1)
    for lane in due.LANES:
        due.move_cursor(lane, world.now - timedelta(days=2))
    world.call("step_mail_dispatch", {})
    bodies = [json.loads(record["body"]) for record in world.receive()]
    together = {**bodies[0], "leads": [one for body in bodies for one in body["leads"]]}
    original, made = StepComposer.compose, list[Any]()

    def publish_between(self: StepComposer, *args: Any) -> Any:
        made.append(original(self, *args))
        publish_template(world, subject=f"published after {len(made)}")
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StepComposer, "compose", publish_between)
        world.call("email_sender", {"Records": [{"messageId": "1", "body": json.dumps(together)}]})
    recorded = {send["sk"].rpartition("#")[2]: int(send["template_version"]) for send in steps(world)}
    assert len(made) == len(recorded) == 3
    for outgoing in made:
        version = Definitions().version("template", "materials-1-first-steps", recorded[outgoing.tags["send_id"]])
        subject = version.body["subject"].rpartition("|")[2].strip(" }'\"")
        assert subject in outgoing.subject, (version.version, outgoing.subject)


# -- activities that nobody declares -----------------------------------------------------------------------------------

DECLARED = {"activities": [{"id": "booth_visit", "label": {"ja": "来場", "en": "visited"}}]}


def rule_about(world: World, activity: str) -> int:
    rules = Definitions().live("rules").body
    rule = {"id": "own", "label": "x", "when": {"activity": activity}, "points": 5}
    return Definitions().publish("rules", "default", {**rules, "rules": [*rules["rules"], rule]}, world.now)


def test_an_activity_that_the_playbook_declares_can_be_read_also_after_it_has_left(world: World) -> None:
    Definitions().publish("activities", "default", DECLARED, world.now)
    version = rule_about(world, "booth_visit")
    Definitions().publish("activities", "default", {"activities": []}, world.now)
    assert Definitions(reads=must_read).live("rules").version == version
    Definitions().retire("activities", "default", world.now)
    assert Definitions(reads=must_read).live("rules").version == version


def test_an_activity_stays_known_however_often_the_playbook_changed_since(world: World) -> None:
    Definitions().publish("activities", "default", DECLARED, world.now)
    version = rule_about(world, "booth_visit")
    for number in range(30):
        other = {**DECLARED["activities"][0], "id": f"other_{number}"}
        Definitions().publish("activities", "default", {"activities": [other]}, world.now)
    assert Definitions(reads=must_read).version("rules", "default", version).version == version


def test_a_version_that_cannot_be_read_is_tried_again_when_the_pointer_is_read_again(world: World) -> None:
    version, time, tries = rule_about(world, "booth_visit"), [0.0], list[int]()

    def reads(stored: Stored) -> None:
        tries.append(stored.version)
        must_read(stored)

    definitions = Definitions(lambda: time[0], reads=reads)
    for _ in range(3):
        with pytest.raises(DefinitionUnreadable):
            definitions.version("rules", "default", version)
    assert tries == [version]
    Definitions().publish("activities", "default", DECLARED, world.now)
    time[0] = 21.0
    assert definitions.version("rules", "default", version).version == version


@pytest.mark.parametrize("declared", [None, DECLARED])
def test_an_activity_of_a_newer_release_leaves_the_last_good_version_in_force(world: World, declared: Any) -> None:
    if declared is not None:
        Definitions().publish("activities", "default", declared, world.now)
    version = rule_about(world, "demo_watched")
    reports = list[DefinitionUnreadable]()
    definitions = Definitions(reads=must_read, on_unreadable=reports.append)
    assert definitions.live("rules").version == version - 1
    assert "demo_watched" in str(reports[0])


@pytest.mark.parametrize("kind", ["sequence", "segments", "campaign", "sales"])
def test_it_is_found_wherever_a_definition_names_an_activity(world: World, kind: Any) -> None:
    bodies: Json = {
        "sequence": {
            "id": "s", "topic": "product-news", "entry": [{"on": {"activity": "demo_watched"}}],
            "steps": [{"id": "pause", "wait": {"days": 3}}],
        },
        "segments": {"time_zone": "Asia/Tokyo", "calendar": "JP", "segments": [
            {"id": "a", "when": {"not": {"any": [{"activity": "demo_watched"}, {"blocked": True}]}}}]},
        "campaign": {"id": "s", "title": "t", "from": "2026-01-01", "until": "2026-02-01", "time_zone": "Asia/Tokyo",
                     "sources": {"activities": [{"activity": "demo_watched"}]}},
        "sales": {**Definitions().live("sales").body, "talks": [{"activity": "demo_watched", "say": "x"}]},
    }  # fmt: skip
    name = "s" if kind in ("sequence", "campaign") else "default"
    Definitions().publish(kind, name, bodies[kind], world.now)
    with pytest.raises(DefinitionUnreadable, match="demo_watched"):
        must_read(Definitions().live(kind, name))


def test_a_field_of_an_event_as_a_former_release_stored_it_is_read_as_one_of_the_fields(world: World) -> None:
    rules = Definitions().live("rules").body
    when = {
        "activity": "web_event",
        "event": "chosen",
        "field": "plan=pro",
        "fields": [{"name": "seats", "at_least": 3}],
    }
    rule = {"id": "own", "label": "x", "when": when, "points": 5}
    Definitions().publish("rules", "default", {**rules, "rules": [rule]}, world.now)
    (read,) = parsed(Definitions(reads=must_read).live("rules"), RuleSet).rules
    matches = matcher(read.when)
    assert isinstance(read.when, ActivityTest) and matches is not None
    assert [
        matches({"event": "chosen", "fields": fields})
        for fields in (
            ["plan=pro", "seats=3"],
            ["plan=pro", "seats=2"],
            ["plan=prof", "seats=3"],
            ["seats=3"],
            "plan=pro",
        )
    ] == [True, False, False, False, False]
    assert print_one_line(read.when) == 'did web_event(event = "chosen", seats >= 3, plan = "pro")'
