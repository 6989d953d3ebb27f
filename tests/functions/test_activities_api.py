"""`POST /activities` and `POST /deals`: a verdict for each entry, once, for systems with a token only."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sodate.errors import Invalid
from sodate.intake.authenticate import TokenRequest, create_token
from sodate.intake.store import revoke_token
from sodate.intake.token import Scope
from sodate.playbook.store import Definitions
from sodate.scoring.score_state import loaded

from tests.functions.quick import QuickWorld
from tests.functions.sales import SATO, activities, lead, sales
from tests.functions.test_scenarios import publish

BOOTH = {
    "id": "booth_visit",
    "label": {"ja": "ブース来場", "en": "visited our booth"},
    "fields": [{"id": "exhibition", "required": True}, {"id": "minutes", "type": "number", "at_most": 600}],
}
PASSIVE = {"id": "leaflet_sent", "label": {"ja": "DM送付", "en": "got a leaflet"}, "engagement": False}
AT = "2026-11-20T10:00:00+09:00"


@pytest.fixture
def token(world: QuickWorld) -> str:
    sales(world, SATO)
    Definitions().publish("activities", "default", {"activities": [BOOTH, PASSIVE]}, world.now)
    return make(world)


def make(world: QuickWorld, *scopes: Scope, per_minute: int = 60, number: int = 1) -> str:
    request = TokenRequest(f"crm-{number}", "crm", scopes or (Scope.ACTIVITIES, Scope.DEALS), per_minute=per_minute)
    return create_token(request, world.now, lambda: (f"{number:012}", "S" * 42 + str(number)))[1]


def event(world: QuickWorld, token: str, body: Any, path: str = "activities", **headers: str) -> dict[str, Any]:
    sent = {"content-type": "application/json", "authorization": f"Bearer {token}", **headers}
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return world.http_event(f"POST /{path}", {}, sent, text, False)


def post(world: QuickWorld, token: str, body: Any, path: str = "activities", **headers: str) -> tuple[int, Any]:
    done = world.call("activities_api", event(world, token, body, path, **headers))
    return done["statusCode"], json.loads(done["body"])


def signed(world: QuickWorld, arn: str | None, body: Any, path: str = "iam/activities") -> tuple[int, Any]:
    """What API Gateway hands over after it has verified the signature of a principal."""
    context = {"authorizer": {"iam": {"accountId": "123456789012", "userArn": arn}}} if arn else {}
    done = world.call("activities_api", event(world, "", body, path) | {"requestContext": context})
    return done["statusCode"], json.loads(done["body"])


def one(**entry: Any) -> dict[str, Any]:
    return {"activities": [{"type": "seminar_attended", "at": AT, **entry}]}


def test_a_batch_gets_a_verdict_for_each_entry(world: QuickWorld, token: str) -> None:
    lead_id = lead(world, "taro")
    world.join("hanako@example.jp")
    spring = {"exhibition": "spring", "minutes": "１２"}
    batch = [
        {"lead": "ｈａｎａｋｏ＠ｅｘａｍｐｌｅ．ｊｐ", "type": "booth_visit", "at": AT, "about": spring},
        {"lead": lead_id, "type": "call_made", "at": AT, "about": {"outcome": "reached"}},
        {"lead": "nobody@example.jp", "type": "call_made", "at": AT},
        {"lead": lead_id, "type": "booth_visit", "at": AT},
        {"lead": lead_id, "type": "mail_clicked", "at": AT},
        {"lead": lead_id, "type": "call_made", "at": "2026-02-30"},
        {"lead": lead_id, "type": "call_made", "at": AT, "about": {"outcome": "reached"}},
        17,
    ]  # fmt: skip
    status, answer = post(world, token, {"activities": batch})
    verdicts = [each["status"] for each in answer["results"]]
    fields = [each.get("error", {}).get("field") for each in answer["results"]]
    assert (status, answer["accepted"], answer["repeated"], answer["refused"]) == (200, 2, 1, 5)
    assert verdicts == ["accepted"] * 2 + ["refused"] * 4 + ["repeated", "refused"]
    assert fields == [None, None, "lead", "exhibition", "type", "at", None, "activity"]
    assert len(activities(world, lead_id)) == 1
    booth = next(a for a in activities(world, world.lead_id("hanako@example.jp")) if a["type"] == "booth_visit")
    assert booth["about"] == {"exhibition": "spring", "minutes": 12}
    assert post(world, token, {"activities": batch})[1]["repeated"] == 3, "the whole batch again changes nothing"


def test_an_id_is_accepted_once_at_whatever_time(world: QuickWorld, token: str) -> None:
    lead_id = lead(world, "taro")
    assert post(world, token, one(lead=lead_id, id="e1"))[1]["accepted"] == 1
    assert post(world, token, one(lead=lead_id, id="e1", at="2026-11-21T10:00:00+09:00"))[1]["repeated"] == 1
    assert post(world, token, one(lead=lead_id, id="e2"))[1]["accepted"] == 1
    assert len(activities(world, lead_id)) == 2


def test_a_lead_is_created_only_when_asked_and_never_mailable(world: QuickWorld, token: str) -> None:
    assert post(world, token, one(lead="new@example.co.jp"))[1]["refused"] == 1
    status, answer = post(world, token, {**one(lead="new@example.co.jp"), "create_leads": True})
    assert (status, answer["accepted"], answer["results"][0]["lead_created"]) == (200, 1, True)
    state = world.state(world.lead_id("new@example.co.jp"))
    assert state.get("topics", {}) == {}
    by_id = {**one(lead={"source": "crm", "id": "A-1"}), "create_leads": True}
    (created,) = post(world, token, by_id)[1]["results"]
    assert world.state(created["lead"])["blocked"] == "no_address"
    assert post(world, token, by_id)[1]["repeated"] == 1
    other = {**one(lead={"source": "erp", "id": "A-1"}), "create_leads": True}
    assert post(world, token, other)[1]["refused"] == 1, "a system creates leads by its own ids only"
    unknown = {**one(lead="01ARZ3NDEKTSV4RRFFQ69G5FAV"), "create_leads": True}
    assert post(world, token, unknown)[1]["refused"] == 1


def test_an_activity_of_the_playbook_starts_a_scenario(world: QuickWorld, token: str) -> None:
    """Entry by API: the trigger is the declared activity, with its field."""
    entry = [{"on": {"activity": "booth_visit", "fields": {"exhibition": "spring"}}}]
    publish(world, {"id": "pause", "wait": {"days": 3}}, id="booth", entry=entry)
    world.new_process()
    world.join("taro@example.jp")
    booth = {"lead": "taro@example.jp", "type": "booth_visit"}
    for exhibition in ("autumn", "spring"):
        at = (world.now - timedelta(seconds=1)).isoformat()
        assert post(world, token, one(**booth, at=at, about={"exhibition": exhibition}))[1]["accepted"] == 1
        world.settle()
        entered = [a for a in activities(world, world.lead_id("taro@example.jp")) if a["type"] == "scenario_entered"]
        assert len(entered) == (exhibition == "spring")


def test_an_activity_that_is_no_engagement_does_not_end_inactivity(world: QuickWorld, token: str) -> None:
    world.join("taro@example.jp")
    lead_id = world.lead_id("taro@example.jp")
    seen = loaded(world.score(lead_id)["state_json"]).seen
    world.now += timedelta(days=5)
    at = world.now.isoformat()
    post(world, token, {"activities": [{"lead": lead_id, "type": "leaflet_sent", "at": at}]})
    world.settle()
    assert loaded(world.score(lead_id)["state_json"]).seen == seen > 0
    logged = [a for a in activities(world, lead_id) if a["type"] == "leaflet_sent"]
    assert logged[0]["about"] == {"_passive": 1}


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("", 401),
        ("Bearer", 401),
        ("Bearer nonsense", 401),
        ("Basic {token}", 401),
        ("Bearer sodate_000000000009_" + "x" * 43, 401),
        ("Bearer sodate_000000000001_" + "x" * 43, 401),
        ("bearer {token}", 200),
    ],
)
def test_only_a_valid_token_is_let_in(world: QuickWorld, token: str, authorization: str, status: int) -> None:
    lead_id = lead(world, "taro")
    header = authorization.replace("{token}", token)
    assert post(world, token, one(lead=lead_id), authorization=header)[0] == status
    assert len(activities(world, lead_id)) == (status == 200)


def test_a_token_ends_when_it_is_revoked_or_expires_and_does_its_scope_only(world: QuickWorld, token: str) -> None:
    lead_id = lead(world, "taro")
    assert post(world, make(world, Scope.DEALS, number=2), one(lead=lead_id))[0] == 403
    world.now += timedelta(days=364)
    assert post(world, token, one(lead=lead_id))[0] == 200
    world.now += timedelta(days=1)
    assert post(world, token, one(lead=lead_id))[0] == 401
    third = make(world, number=3)
    assert revoke_token("000000000003", world.now) and not revoke_token("000000000003", world.now)
    assert post(world, third, one(lead=lead_id))[0] == 401


def test_a_token_makes_a_bounded_number_of_requests_a_minute(world: QuickWorld, token: str) -> None:
    slow, lead_id = make(world, per_minute=2, number=4), lead(world, "taro")
    world.now = world.now.replace(second=0)
    assert [post(world, slow, one(lead=lead_id))[0] for _ in range(3)] == [200, 200, 429]
    world.now = world.now.replace(second=48)
    done = world.call("activities_api", event(world, slow, one(lead=lead_id)))
    assert (done["statusCode"], done["headers"]["retry-after"]) == (429, "12"), "when the next minute begins"
    assert json.loads(done["body"])["error"]["code"] == "too_many_requests"
    world.now += timedelta(minutes=1)
    assert post(world, slow, one(lead=lead_id))[0] == 200


def test_the_table_does_not_hold_the_token(world: QuickWorld, token: str) -> None:
    secret = token.rsplit("_", 1)[-1]
    assert secret not in json.dumps(world.items(), default=str)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("[]", 400),
        ({"activities": []}, 422),
        ({"activities": [{}] * 101}, 422),
        ({"activities": "x"}, 422),
        ({"activities": [{}], "more": 1}, 422),
        ({"activities": [{}], "create_leads": "yes"}, 422),
        ("x" * 70_000, 413),
        ('{"activities": ' + "[" * 40 + "]" * 40 + "}", 422),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(world: QuickWorld, token: str, body: Any, status: int) -> None:
    assert post(world, token, body)[0] == status


@pytest.mark.parametrize(
    "entry",
    [
        {"lead": {"email": "x"}}, {"lead": None}, {"lead": "x" * 500 + "@example.jp"}, {"lead": "=cmd|' /C calc'!A0"},
        {"type": None}, {"type": "lunch"}, {"type": "x" * 1000}, {"at": 5}, {"at": "9999-99-99"}, {"at": "2040-01-01"},
        {"about": []}, {"about": {"seminar": {"a": 1}}}, {"about": {"seminar": "山田太郎"}},
        {"about": {"minutes": "-5"}},
        {"about": {"minutes": True}}, {"id": ""}, {"id": "x" * 201}, {"id": []}, {"note": "secret"},
    ],
)  # fmt: skip
def test_hostile_entries_are_refused_one_by_one(world: QuickWorld, token: str, entry: dict[str, Any]) -> None:
    lead_id = lead(world, "taro")
    (wrong,), (right,) = (one(**{"lead": lead_id, **each})["activities"] for each in (entry, {}))
    status, answer = post(world, token, {"activities": [wrong, right]})
    assert (status, [each["status"] for each in answer["results"]]) == (200, ["refused", "accepted"])


def test_deals_are_recorded_by_the_ids_of_their_system(world: QuickWorld, token: str) -> None:
    lead_id = lead(world, "taro")
    deal = {
        "id": "D-1", "stage": "proposal", "amount": "￥１，２００，０００", "currency": "JPY",
        "expected_close": "2027/3/31",
        "contacts": [{"lead": lead_id, "role": "decision_maker"}],
    }  # fmt: skip
    batch = [
        deal, deal, {**deal, "stage": "won", "amount": 1_150_000},
        {"id": "D-2", "amount": -5, "currency": "JPY"}, {"id": "D-3", "amount": 5},
        {"id": "D-4", "contacts": ["nobody@example.jp"]}, {"id": "D-5", "company": "x"},
        {"id": "D-6", "expected_close": "2027-02-29"}, {"id": "D-7", "stage": "nowhere"},
    ]  # fmt: skip
    status, answer = post(world, token, {"deals": batch}, "deals")
    assert status == 200
    assert [each["status"] for each in answer["results"]] == ["opened", "unchanged", "changed", *["refused"] * 6]
    fields = [each["error"]["field"] for each in answer["results"][3:]]
    assert fields == ["amount", "currency", "deal", "deal", "expected_close", "stage"]
    assert sorted(a["type"] for a in activities(world, lead_id)) == ["deal_opened", "deal_won"]
    assert "nobody@example.jp" not in json.dumps(answer)


ROLE = "arn:aws:sts::123456789012:assumed-role/CRM_Nightly/i-0abc"


def test_a_principal_of_iam_needs_no_token_and_has_ids_of_its_own(world: QuickWorld, token: str) -> None:
    by_id = {**one(lead={"source": "iam-crm-nightly", "id": "A-1"}, id="e1"), "create_leads": True}
    status, answer = signed(world, ROLE, by_id)
    assert (status, answer["accepted"]) == (200, 1)
    assert signed(world, ROLE.replace("i-0abc", "another-session"), by_id)[1]["repeated"] == 1
    other = signed(world, ROLE.replace("CRM_Nightly", "Erp"), {**by_id, "create_leads": True})
    assert other[1]["accepted"] == 1, "the same id of another source is another activity"
    assert signed(world, ROLE, {"deals": [{"id": "D-1", "stage": "proposal"}]}, "iam/deals")[1]["opened"] == 1
    item_keys = json.dumps([[item["pk"], item["sk"]] for item in world.items()])
    assert "CRM_Nightly" not in item_keys, "the name of a user may be that of a person"


@pytest.mark.parametrize(
    ("arn", "status"),
    [
        (None, 401),
        ("arn:aws:iam::123456789012:user/systems/crm", 200),
        ("arn:aws-cn:iam::123456789012:user/crm", 200),
        ("arn:aws:iam::123456789012:root", 403),
        ("arn:aws:sts::123456789012:federated-user/taro", 403),
        ("arn:aws:iam::123456789012:user/feedback", 200),
        ("arn:aws:iam::123456789012:user/+++", 403),
        ("arn:aws:sts::1:assumed-role/crm/x", 403),
    ],
)
def test_only_a_role_or_user_that_iam_has_verified_is_let_in(
    world: QuickWorld, token: str, arn: str | None, status: int
) -> None:
    lead_id = lead(world, "taro")
    assert signed(world, arn, one(lead=lead_id))[0] == status
    assert len(activities(world, lead_id)) == (status == 200)


def test_a_role_with_the_name_of_a_tokens_source_has_other_ids(world: QuickWorld, token: str) -> None:
    by_id = {**one(lead={"source": "crm", "id": "A-1"}, id="e1"), "create_leads": True}
    assert post(world, token, by_id)[1]["accepted"] == 1
    answer = signed(world, "arn:aws:iam::123456789012:user/crm", one(lead={"source": "crm", "id": "A-1"}, id="e1"))[1]
    assert (answer["accepted"], answer.get("repeated", 0)) == (1, 0), "e1 of the user is another activity"
    stranger = {**by_id, **one(lead={"source": "crm", "id": "A-2"})}
    assert signed(world, "arn:aws:iam::123456789012:user/crm", stranger)[1]["refused"] == 1, "an id of the token's"


def test_no_token_has_a_source_of_iam(world: QuickWorld) -> None:
    with pytest.raises(Invalid, match="iam-"):
        create_token(TokenRequest("x", "iam-crm", (Scope.DEALS,)), world.now, lambda: ("0" * 12, "S" * 43))


def test_a_principal_is_nobody_on_a_route_that_iam_does_not_guard(world: QuickWorld, token: str) -> None:
    assert signed(world, ROLE, one(lead=lead(world, "taro")), "activities")[0] == 401
    assert post(world, token, one(lead=lead(world, "taro")), "iam/activities")[0] == 401


def test_all_sessions_of_a_role_have_one_ceiling(world: QuickWorld, token: str) -> None:
    lead_id = lead(world, "taro")
    answers = [signed(world, f"{ROLE}{number}", one(lead=lead_id))[0] for number in range(61)]
    assert answers == [200] * 60 + [429]
    assert signed(world, ROLE.replace("CRM_Nightly", "erp"), one(lead=lead_id))[0] == 200
