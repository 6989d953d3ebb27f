"""Campaigns in the whole system: a form post with a marked link becomes a touch, a member, a lead with a price."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activities_of, activity_item, ad_clicks_of
from sodate.campaigns import export_conversions as exports
from sodate.campaigns import store
from sodate.campaigns.campaign import Campaign
from sodate.campaigns.conversion import ConversionState, Row
from sodate.campaigns.export_conversions import Verdict, export_conversions, upload_conversions
from sodate.campaigns.forget import forget
from sodate.campaigns.member import MemberStatus
from sodate.campaigns.react import react
from sodate.deals.deal import DealStatus
from sodate.deals.definition import Deals
from sodate.deals.entry import DealEntry
from sodate.deals.record import record_deal
from sodate.dynamodb import table
from sodate.leads.store import StateItem, profile_key, state_key
from sodate.money import Money
from sodate.playbook.store import Definitions
from sodate_cli import campaign_conversions, campaign_costs
from sodate_cli import campaigns as command
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.fakes.ad_platform import FakeAdPlatform
from tests.functions.quick import QuickWorld
from tests.support.world import TABLE, Json

AUTUMN: Json = {
    "id": "autumn",
    "title": "秋の資料請求",
    "from": "2026-11-01",
    "until": "2026-12-31",
    "costs": [
        {"amount": 100_000, "on": "2026-11-01"},
        {"ad_cost": {"platform": "google", "campaigns": ["秋_*"]}},
    ],
    "conversion": {"activity": "meeting_set"},
    "sources": {"utm": [{"source": "google", "medium": "cpc", "campaign": "autumn*"}]},
}
MARKED = {
    "_utm_source": "google", "_utm_medium": "cpc", "_utm_campaign": "autumn-2026", "_utm_term": "リード育成",
    "_gclid": "Cj0KCQ-click_1",
}  # fmt: skip
REPORT = (
    "キーワード レポート\n日,キャンペーン,広告グループ,検索キーワード,通貨コード,表示回数,クリック数,費用\n"
    '2026-11-10,秋_資料請求,資料,[リード育成],JPY,"1,000",20,"20,000"\n'
)


def publish(world: QuickWorld, *campaigns: Json, attribution: Json | None = None) -> None:
    for one in campaigns:
        body = Campaign.model_validate(one).model_dump(mode="json", by_alias=True) | {"time_zone": "Asia/Tokyo"}
        Definitions().publish("campaign", body["id"], body, world.now)
    if attribution is not None:
        Definitions().publish("attribution", "default", attribution, world.now)


@pytest.fixture
def stage(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> QuickWorld:
    for module in (command, campaign_costs, campaign_conversions):
        monkeypatch.setattr(module, "target", lambda _: Target("test", TABLE, None))
        monkeypatch.setattr(module, "now", lambda _: world.now)
    publish(world, AUTUMN)
    world.now += timedelta(minutes=1)
    return world


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, ["campaign", *arguments])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if "--json" in arguments else " ".join(done.output.split())


def log(world: QuickWorld, lead_id: str, type_: str, at: datetime | None = None, **about: Any) -> Activity:
    at = at or world.now
    one = Activity(lead_id, type_, at, activity_key("test", type_, at.isoformat()), about, recorded=world.now)
    table.put(activity_item(one))
    world.settle()
    return one


def status(lead_id: str) -> MemberStatus | None:
    found = store.memberships(lead_id, ["autumn"]).get("autumn")
    return found.status if found else None


def show(*arguments: str) -> Json:
    (one,) = run("show", "autumn", *arguments, "--json")["campaigns"]
    assert isinstance(one, dict)
    return one


# -- touches and members -----------------------------------------------------------------------------------------------


def test_a_marked_post_is_a_touch_and_its_click_id_stays_out_of_log_and_profile(stage: QuickWorld) -> None:
    lead_id = stage.join("taro@example.jp", **MARKED)
    (posted,) = [one for one in activities_of(lead_id) if one.type == "form_submitted"]
    assert posted.about == {
        "form": "request-materials", "campaign": "autumn-2026", "source": "google", "medium": "cpc", "click": "gclid",
        "term": "リード育成",
    }  # fmt: skip
    assert status(lead_id) is MemberStatus.RESPONDED
    assert [ids for _, ids in ad_clicks_of(lead_id)] == [{"gclid": "Cj0KCQ-click_1"}]
    holders = {item["kind"] for item in stage.items() if "Cj0KCQ" in json.dumps(item, default=str)}
    assert holders == {"adclick", "submission"}


def test_unmarked_posts_make_no_member_and_write_nothing_of_campaigns(stage: QuickWorld) -> None:
    lead_id = stage.join("taro@example.jp")
    assert status(lead_id) is None
    assert not stage.items("campaignmember") and not stage.items("adclick")


def test_a_conversion_moves_the_member_on_and_a_verdict_takes_it_back(stage: QuickWorld) -> None:
    lead_id = stage.join("taro@example.jp", **MARKED)
    log(stage, lead_id, "meeting_set")
    assert status(lead_id) is MemberStatus.CONVERTED
    posted = next(one for one in activities_of(lead_id) if one.type == "form_submitted")
    stage.now += timedelta(minutes=1)
    log(stage, lead_id, "activity_judged", of=posted.key, verdict="robot")
    assert status(lead_id) is MemberStatus.REMOVED
    stage.now += timedelta(minutes=1)
    log(stage, lead_id, "activity_judged", of=posted.key, verdict="human")
    assert status(lead_id) is MemberStatus.CONVERTED


def test_a_touch_that_is_recorded_after_its_conversion_counts(stage: QuickWorld) -> None:
    lead_id = stage.join("taro@example.jp")
    log(stage, lead_id, "meeting_set")
    late = stage.now - timedelta(days=1)
    log(stage, lead_id, "web_session", late, source="google", medium="cpc", campaign="autumn-2026")
    assert status(lead_id) is MemberStatus.CONVERTED


def test_a_status_is_written_only_when_it_changes(stage: QuickWorld) -> None:
    lead_id = stage.join("taro@example.jp", **MARKED)
    stage.table.history.clear()
    for _ in range(3):
        stage.now += timedelta(minutes=1)
        log(stage, lead_id, "web_session", source="google", medium="cpc", campaign="autumn-2026")
    assert not [key for key, _, _ in stage.table.history if key[0].startswith("CAMPAIGN#")]


def test_an_older_activity_becomes_a_member_with_a_refresh(stage: QuickWorld) -> None:
    lead_id = stage.join("taro@example.jp", _utm_campaign="spring")
    publish(stage, {**AUTUMN, "id": "spring", "sources": {"utm": [{"campaign": "spring"}]}})
    assert run("members", "spring", "--json")["members"] == []
    assert run("refresh", "--json") == {"leads": 1, "changed": 1}
    assert run("refresh", "--json") == {"leads": 1, "changed": 0}
    (member,) = run("members", "spring", "--json")["members"]
    assert (member["lead"], member["status"], member["email"]) == (lead_id, "responded", "taro@example.jp")


def test_a_forgotten_lead_is_on_no_list(stage: QuickWorld) -> None:
    lead_id = stage.join("taro@example.jp", **MARKED)
    for _ in range(2):
        forget(lead_id, stage.app.definitions)
        assert not stage.items("campaignmember")


# -- costs and results -------------------------------------------------------------------------------------------------


def test_the_same_report_twice_changes_nothing_and_a_changed_row_is_a_correction(
    stage: QuickWorld, tmp_path: Path
) -> None:
    file = tmp_path / "report.csv"
    file.write_text(REPORT, encoding="utf-8-sig")
    imported = run("cost", "import", str(file), "--format", "google", "--json")
    assert (imported["rows"], imported["new"], imported["problems"]) == (1, 1, [])
    assert run("cost", "import", str(file), "--format", "google", "--json")["unchanged"] == 1
    before = show()
    stage.now += timedelta(days=2)
    file.write_text(REPORT.replace("20,000", "21,000"), encoding="cp932")
    assert run("cost", "import", str(file), "--format", "google", "--dry-run", "--json")["corrected"] == 1
    assert run("cost", "import", str(file), "--format", "google", "--json")["corrected"] == 1
    assert show()["spend"] == {"JPY": "121000"}
    assert show("--as-of", "2026-11-24") == before
    assert before["spend"] == {"JPY": "120000"} and before["ctr"] == 2.0
    assert run("costs", "autumn", "--json")["ad_costs"][0]["cost"] == "21000"


def test_a_file_with_bad_rows_is_imported_without_them_and_says_so(stage: QuickWorld, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_text(REPORT + "someday,秋_資料請求,資料,x,JPY,1,1,1\n", encoding="utf-8")
    assert "no day" in run("cost", "import", str(file), "--format", "google", code=1)
    assert len(stage.items("adcost")) == 1
    assert "none of the first 40 lines" in run("cost", "import", __file__, "--format", "yahoo", code=1)
    assert "cannot be read" in run("cost", "import", str(tmp_path / "nothing.csv"), "--format", "yahoo", code=1)


def test_from_the_ad_keyword_to_the_lead_its_price_and_its_stage(stage: QuickWorld, tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    file.write_text(REPORT, encoding="utf-8")
    run("cost", "import", str(file), "--format", "google", "--json")
    lead_id = stage.join("taro@example.jp", **MARKED)
    stage.join("hanako@example.jp", **{**MARKED, "_utm_term": "MA"})
    log(stage, lead_id, "sales_accepted")
    figures = show()
    assert (figures["leads"], figures["mqls"], figures["sqls"], figures["cpl"]) == (2, 1, 1, 60_000)
    keyword = figures["keywords"]["リード育成"]
    assert (keyword["leads"], keyword["spend"], keyword["cpl"]) == (1, {"JPY": "20000"}, 20_000)
    assert "not defined" in run("show", "autumn")
    assert show() in run("list", "--json")["campaigns"]
    assert "autumn" in run("list")


def won(world: QuickWorld, lead_id: str, amount: int, currency: str = "JPY") -> None:
    """A deal of this lead that was opened and won now."""
    deals = Deals()
    entry = DealEntry(
        reference=("crm", f"{lead_id}-{amount}"),
        source="api",
        effective_at=world.now,
        stage=deals.first_with(DealStatus.WON).id,
        money=Money(currency, amount),
        added=((lead_id, ""),),
    )
    record_deal(entry, deals, world.now, world.app.new_id)
    world.settle()


def test_a_won_deal_is_revenue_of_the_campaign_from_the_day_on_which_it_was_recorded(
    stage: QuickWorld, tmp_path: Path
) -> None:
    file = tmp_path / "report.csv"
    file.write_text(REPORT, encoding="utf-8")
    run("cost", "import", str(file), "--format", "google", "--json")
    lead_id = stage.join("taro@example.jp", **MARKED)
    stage.now += timedelta(days=3)
    won(stage, lead_id, 480_000)
    figures = show()
    assert (figures["deals"], figures["revenue"], figures["roi"]) == (1, {"JPY": "480000"}, 300.0)
    keyword = figures["keywords"]["リード育成"]
    assert (keyword["deals"], keyword["revenue"], keyword["roi"]) == (1, {"JPY": "480000"}, 2300.0)
    assert show("--as-of", "2026-11-26")["revenue"] == {}
    assert show("--model", "first")["revenue"] == {"JPY": "480000"}


def test_a_deal_of_leads_that_no_campaign_reached_is_listed_as_unattributed(stage: QuickWorld) -> None:
    won(stage, stage.join("taro@example.jp"), 1_250, "USD")
    assert run("list", "--json")["unattributed"] == {"USD": "12.50"}
    assert show()["revenue"] == {}


def test_a_conversion_with_value_has_the_amount_of_its_deal(stage: QuickWorld) -> None:
    upload = {"id": "won", "on": {"activity": "deal_won"}, "google": "受注", "value": True}
    publish(stage, attribution={"uploads": [upload]})
    won(stage, stage.join("taro@example.jp", **MARKED), 480_000)
    assert [one.money for one in store.conversions_of("google")] == [Money("JPY", 480_000)]


def test_a_report_of_a_past_day_is_made_under_the_definition_of_that_day(stage: QuickWorld) -> None:
    stage.join("taro@example.jp", **MARKED)
    stage.now += timedelta(days=2)
    publish(stage, {**AUTUMN, "sources": {"utm": [{"campaign": "nothing"}]}, "costs": []})
    stage.now += timedelta(minutes=1)
    assert show()["leads"] == 0
    assert show("--as-of", "2026-11-24")["leads"] == 1


def test_bad_input_is_one_line(stage: QuickWorld) -> None:
    assert "there is no campaign" in run("show", "winter", code=4)
    assert "write a day" in run("show", "autumn", "--as-of", "yesterday", code=1)
    assert "was not live then" in run("show", "autumn", "--as-of", "2026-01-01", code=1)
    assert "needs `weights`" in run("list", "--model", "own", code=1)
    assert "there is no campaign" in run("members", "../x", code=4)


# -- conversions back to ad platforms ----------------------------------------------------------------------------------

UPLOADS: Json = {"uploads": [{"id": "meeting", "on": {"activity": "meeting_set"}, "google": "商談", "meta": "Meeting"}]}


def converted(world: QuickWorld, email: str = "taro@example.jp", **answers: str) -> str:
    publish(world, attribution=UPLOADS)
    lead_id = world.join(email, **(answers or MARKED))
    world.now += timedelta(hours=1)
    log(world, lead_id, "meeting_set")
    return lead_id


def test_a_conversion_is_exported_once_and_its_batch_can_be_written_again(stage: QuickWorld, tmp_path: Path) -> None:
    converted(stage)
    out = tmp_path / "one.csv"
    done = run("conversions", "export", "--platform", "google", "--out", str(out), "--json")
    assert (done["rows"], done["set_aside"]) == (1, {})
    assert "Cj0KCQ-click_1,商談,2026-11-24 03:01:00" in out.read_text(encoding="utf-8")
    second = run("conversions", "export", "--platform", "google", "--out", str(tmp_path / "two.csv"), "--json")
    assert second["rows"] == 0
    run(
        "conversions",
        "export",
        "--platform",
        "google",
        "--out",
        str(tmp_path / "3.csv"),
        "--batch",
        done["batch"],
        "--json",
    )
    assert (tmp_path / "3.csv").read_bytes() == out.read_bytes()
    unknown = ("--out", str(tmp_path / "4.csv"), "--batch", "b9")
    assert "no batch" in run("conversions", "export", "--platform", "google", *unknown, code=4)
    assert "exists" in run("conversions", "export", "--platform", "google", "--out", str(out), code=1)
    queue = run("conversions", "list", "--platform", "google", "--json")
    assert queue["counts"] == {"exported": 1}
    assert run("conversions", "list", "--platform", "meta", "--json")["conversions"] == []  # no click id of Meta


def test_a_repeated_activity_is_queued_once(stage: QuickWorld) -> None:
    lead_id = converted(stage)
    record = next(one for one in activities_of(lead_id) if one.type == "meeting_set")
    for rows in (1, 0):
        export = export_conversions("google", stage.app.definitions, f"b{rows}", stage.now)
        assert len(export.rows) == rows
        react(lead_id, [record, record], stage.app.definitions, stage.now)
    assert len(stage.items("conversion")) == 1


def test_an_objection_or_an_erasure_after_the_conversion_withholds_it(stage: QuickWorld) -> None:
    lead_id = converted(stage)
    other = converted(stage, "hanako@example.jp", _gclid="Cj0KCQ-click_2", _utm_campaign="autumn")
    objecting = converted(stage, "jiro@example.jp", _gclid="Cj0KCQ-click_3", _utm_campaign="autumn")
    table.update(state_key(objecting), [StateItem.blocked.set("complaint")])
    table.commit([table.Delete(profile_key(other)), table.Delete(state_key(other))])
    export = export_conversions("google", stage.app.definitions, "b1", stage.now)
    assert export.set_aside == {"erased": 1, "objected": 1}
    assert [row.conversion.lead_id for row in export.rows] == [lead_id]


def test_the_api_gives_one_verdict_per_row_and_a_refused_row_leaves_the_others(stage: QuickWorld) -> None:
    first = converted(stage)
    converted(stage, "hanako@example.jp", _gclid="Cj0KCQ-click_2", _utm_campaign="autumn")
    converted(stage, "jiro@example.jp", _gclid="Cj0KCQ-click_3", _utm_campaign="autumn")
    queue = {one.lead_id: one for one in store.conversions_of("google")}
    verdicts = [
        Verdict(one.key, ConversionState.REJECTED, "CLICK_NOT_FOUND") for one in queue.values() if one.lead_id == first
    ]
    platform = FakeAdPlatform(verdicts, silent_on={one.key for one in list(queue.values())[-1:]})
    assert upload_conversions("google", platform, stage.app.definitions, "b1", stage.now) == {
        "rejected": 1, "accepted": 1, "pending": 1,
    }  # fmt: skip
    assert upload_conversions("google", FakeAdPlatform([]), stage.app.definitions, "b2", stage.now) == {"accepted": 1}
    assert len(platform.received) == 3


def test_who_objects_while_a_batch_is_sent_is_not_in_the_next_one(
    stage: QuickWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 1)
    converted(stage)
    converted(stage, "hanako@example.jp", _gclid="Cj0KCQ-click_2", _utm_campaign="autumn")
    leads = [one.lead_id for one in store.conversions_of("google")]

    class Slow(FakeAdPlatform):
        def upload(self, rows: Sequence[Row]) -> Sequence[Verdict]:
            table.update(state_key(leads[1]), [StateItem.blocked.set("complaint")])
            return super().upload(rows)

    platform = Slow([])
    assert upload_conversions("google", platform, stage.app.definitions, "b1", stage.now) == {
        "accepted": 1, "objected": 1,
    }  # fmt: skip
    assert [row.conversion.lead_id for row in platform.received] == leads[:1]


def test_a_platform_that_does_not_answer_loses_nothing_until_it_is_too_late(stage: QuickWorld) -> None:
    converted(stage)
    silent = FakeAdPlatform([], is_down=True)
    for _ in range(2):
        assert upload_conversions("google", silent, stage.app.definitions, "b1", stage.now) == {"pending": 1}
    late = stage.now + timedelta(days=90)
    assert upload_conversions("google", FakeAdPlatform([]), stage.app.definitions, "b2", late) == {"too_old": 1}
    assert [one.state for one in store.conversions_of("google")] == [ConversionState.EXPIRED]


def test_the_time_of_recording_is_kept_where_it_is_later(stage: QuickWorld) -> None:
    lead_id = stage.join("taro@example.jp")
    log(stage, lead_id, "meeting_set", datetime(2026, 11, 20, tzinfo=UTC))
    stored = {one["type"]: one.get("recorded_at") for one in stage.items("activity")}
    assert stored["meeting_set"] == int(stage.now.timestamp()) // 60
    assert stored["form_submitted"] is None


def test_conversions_go_to_yahoo_and_microsoft_by_click_id_only(stage: QuickWorld, tmp_path: Path) -> None:
    body = {
        "uploads": [{"id": "meeting", "on": {"activity": "meeting_set"}, "yahoo": "商談", "microsoft": "Meeting"}],
        "hashed_email_needs": "product-news",
    }
    Definitions().publish("attribution", "default", body, stage.now)
    stage.new_process()
    ids = {"_yclid": "YSS.click-1", "_msclkid": "abc123"}
    with_click = stage.join("taro@example.jp", **ids)
    without = stage.join("hanako@example.jp")
    for lead_id in (with_click, without):
        log(stage, lead_id, "meeting_set", stage.now)
    for platform, encoding in (("yahoo", "cp932"), ("microsoft", "utf-8")):
        out = tmp_path / f"{platform}.csv"
        done = run("conversions", "export", "--platform", platform, "--out", str(out), "--json")
        assert (done["rows"], done["set_aside"]) == (1, {})
        assert ids["_yclid" if platform == "yahoo" else "_msclkid"] in out.read_text(encoding=encoding)
        assert "example.jp" not in out.read_text(encoding=encoding)


def test_an_api_is_called_only_with_a_data_set_and_a_secret_that_exist(stage: QuickWorld) -> None:
    converted(stage)
    more = ("--dataset", "12", "--token-secret", "sodate/meta")
    assert "makes a file" in run("conversions", "upload", "--platform", "google", *more, code=1)
    assert "no secret 'sodate/meta'" in run("conversions", "upload", "--platform", "meta", *more, code=4)
    boto3.client("secretsmanager").create_secret(Name="sodate/meta", SecretString=" ")
    assert "holds no token" in run("conversions", "upload", "--platform", "meta", *more, code=1)
    boto3.client("secretsmanager").put_secret_value(SecretId="sodate/meta", SecretString="t")
    assert "id of a data set is a number" in run(
        "conversions", "upload", "--platform", "meta", "--dataset", "x", *more[2:], code=1
    )
    assert run("conversions", "upload", "--platform", "meta", *more, "--json").keys() == {"batch"}, (
        "nothing waits for Meta"
    )
