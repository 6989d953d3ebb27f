"""Deals and companies through the whole system: feedback, the stream, files and commands."""

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sodate.companies.store import company_of, members_of
from sodate.deals import store
from sodate.leads.store import load_profile
from sodate.playbook.store import Definitions
from sodate_cli import lead_log
from sodate_cli.intake import activities as activity_commands
from sodate_cli.intake import companies as company_commands
from sodate_cli.intake import deals as deal_commands
from sodate_cli.intake import tokens as token_commands
from sodate_cli.main import app
from sodate_cli.target import Target
from typer.testing import CliRunner

from tests.functions.quick import QuickWorld
from tests.functions.sales import (
    FEEDBACK,
    SATO,
    activities,
    answer,
    become_hot,
    feedback_link,
    lead,
    rise,
    sales,
    signals,
)
from tests.unit.intake.test_formats import CARDS, ZOOM


@pytest.fixture(autouse=True)
def commands(world: QuickWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    sales(world, SATO)
    for room in (activity_commands, deal_commands, company_commands, token_commands, lead_log):
        monkeypatch.setattr(room, "target", lambda stage: Target("test", "sodate-test", None))
        monkeypatch.setattr(room, "now", lambda where: world.now)
    for room in (activity_commands, deal_commands):
        secret = {"key": world.app.secrets.address_secret().decode()}
        monkeypatch.setattr(room, "secret", lambda where, name, secret=secret: secret)
    for room in (company_commands, lead_log):
        monkeypatch.setattr(room, "find_lead", lambda email, where: world.lead_id(email))
    for room in (deal_commands, company_commands):
        monkeypatch.setattr(room, "person", lambda where: "operator")


def run(*arguments: str, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.output


def link_of(world: QuickWorld) -> str:
    (mail,) = world.mails_to("sato@example.jp")
    return feedback_link(mail.text)


def deal_types(world: QuickWorld, lead_id: str) -> list[str]:
    return sorted(a["type"] for a in activities(world, lead_id) if a["type"].startswith("deal_"))


def only_deal(lead_id: str) -> Any:
    (deal,) = store.deals_of_lead(lead_id)
    return deal


# -- feedback ----------------------------------------------------------------------------------------------------------


def test_won_by_a_link_is_a_deal_with_the_amount(world: QuickWorld) -> None:
    lead_id = become_hot(world, "taro")
    answer(world, link_of(world), "answer=won&amount=1%2C200%2C000&currency=JPY")
    deal = only_deal(lead_id)
    assert (deal.is_won, str(deal.money), deal.owner, deal.lead_ids) == (True, "JPY 1,200,000", "sato", (lead_id,))
    assert deal_types(world, lead_id) == ["deal_opened", "deal_won"]
    (won,) = (a for a in activities(world, lead_id) if a["type"] == "deal_won")
    assert won["about"]["deal"] == deal.id


def test_a_signal_has_one_deal_whatever_sales_says_again(world: QuickWorld) -> None:
    lead_id, link = become_hot(world, "taro"), link_of(world)
    for body in (
        {"answer": "lost", "reason": "price"},
        {"answer": "won", "amount": 5, "currency": "USD"},
        {"answer": "won", "amount": 5, "currency": "USD"},
        {"answer": "won", "amount": 7, "currency": "USD"},
    ):
        answer(world, link, body)
    deal = only_deal(lead_id)
    assert (str(deal.money), [one.stage.id for one in deal.stages]) == ("USD 7.00", ["lost", "won"])
    assert len(deal.history) == 3


def test_feedback_closes_the_only_open_deal_of_the_lead(world: QuickWorld) -> None:
    lead_id = become_hot(world, "taro")
    run("deal", "set", "crm:A-1", "stage=negotiation", "amount=100", "currency=JPY", "--contact", f"{lead_id}=user")
    other = lead(world, "hanako")
    run("deal", "set", "crm:A-1", "stage=negotiation", "--contact", other)
    answer(world, link_of(world), {"answer": "won", "amount": 90, "currency": "JPY"})
    deal = only_deal(lead_id)
    assert (deal.id, deal.is_won, deal.amount) == (store.find_deal_id("crm", "A-1"), True, 90)
    assert deal_types(world, lead_id).count("deal_won") == 1
    assert "deal_won" in deal_types(world, other), "every contact of the deal knows"


def test_with_two_open_deals_nobody_guesses(world: QuickWorld) -> None:
    lead_id = become_hot(world, "taro")
    for name in ("crm:A-1", "crm:A-2"):
        run("deal", "set", name, "stage=open", "--contact", lead_id)
    answer(world, link_of(world), {"answer": "won", "amount": 90, "currency": "JPY"})
    assert sorted(deal.status for deal in store.deals_of_lead(lead_id)) == ["open", "open", "won"]


@pytest.mark.parametrize("opens", [False, True])
def test_a_meeting_opens_a_deal_where_the_playbook_says_so(world: QuickWorld, opens: bool) -> None:
    sales(world, SATO, deals={"meeting_opens_deal": opens})
    world.new_process()
    lead_id = become_hot(world, "taro")
    answer(world, link_of(world), {"answer": "meeting_set"})
    assert [deal.stage for deal in store.deals_of_lead(lead_id)] == (["open"] if opens else [])
    if opens:
        run("deal", "set", "crm:A-1", "stage=open")
        answer(world, link_of(world), {"answer": "won", "amount": 1, "currency": "JPY"})
        assert only_deal(lead_id).is_won


def test_a_currency_that_does_not_exist_is_refused(world: QuickWorld) -> None:
    become_hot(world, "taro")
    done = answer(world, link_of(world), {"answer": "won", "amount": 1, "currency": "XXX"})
    assert (done["statusCode"], json.loads(done["body"])["error"]["fields"]) == (422, {"currency": ["unknown"]})


def test_a_crash_between_feedback_and_deal_is_not_possible(world: QuickWorld) -> None:
    """One transaction: at whatever write a process dies, both are there or neither."""
    lead_id, link = become_hot(world, "taro"), link_of(world)

    def die(label: str) -> None:
        if label == "before Transaction":
            raise KeyboardInterrupt

    world.table.point = die
    with pytest.raises(KeyboardInterrupt):
        answer(world, link, {"answer": "won", "amount": 1, "currency": "JPY"})
    world.table.point = lambda label: None
    assert store.deals_of_lead(lead_id) == [] and signals(world, lead_id)[0].get("feedback") is None
    answer(world, link, {"answer": "won", "amount": 1, "currency": "JPY"})
    assert only_deal(lead_id).is_won


# -- companies ---------------------------------------------------------------------------------------------------------


def test_leads_of_forms_join_their_company_and_its_score_is_a_fold(world: QuickWorld) -> None:
    one, two = world.join("taro@corp.co.jp"), world.join("hanako@sales.corp.co.jp")
    world.join("jiro@gmail.com")
    company_id = company_of(one)
    assert company_id is not None and members_of([company_id]) == sorted([one, two])
    totals = [int(world.score(lead_id)["total"]) for lead_id in (one, two)]
    shown = run("company", "show", company_id)
    assert (shown["domains"], shown["score"]["total"], shown["score"]["leads"]) == (["corp.co.jp"], sum(totals), 2)
    assert shown["score"]["highest"] == max(totals)
    (listed,) = run("company", "list", "--leads", "2")
    assert listed["company"] == company_id
    run("company", "set", company_id, "name=例示株式会社", "employees=１，２００")
    assert run("company", "show", company_id)["employees"] == 1200
    other = run("company", "add", "name=子会社")["company"]
    run("company", "merge", company_id, other)
    assert run("company", "show", other)["company"] == company_id
    assert run("company", "unmerge", other)["changed"]
    assert not run("company", "unmerge", other)["changed"], "a repeat is no error"
    assert run("company", "show", other)["company"] == other
    assert run("company", "put", other, "jiro@gmail.com")["changed"]
    assert run("company", "assign") == {"leads": 3, "in_a_company": 3}, "one by an operator's word"
    assert "there is no company" in run("company", "show", "nowhere", code=4)
    assert "employees" in run("company", "set", other, "employees=many", code=1)


def test_companies_are_imported_dry_first_and_bad_rows_are_listed(world: QuickWorld, tmp_path: Path) -> None:
    lead_id = world.join("taro@corp.co.jp")
    file = tmp_path / "accounts.csv"
    text = (
        "会社ID,会社名,ドメイン,業種,従業員数\nC-1,例示,corp.co.jp,製造業,１２０名\nC-2,x,gmail.com,,\nC-3,y,,,many\n"
    )
    file.write_text(text, encoding="cp932")
    more = ("--source", "crm")
    planned = run("company", "import", str(file), *more, code=1)
    assert (planned["applied"], planned["encoding"], planned["changed"], planned["refused"]) == (False, "cp932", 1, 2)
    assert load_profile(lead_id).company == {}
    run("company", "import", str(file), *more, "--apply", code=1)
    assert load_profile(lead_id).company == {"name": "例示", "industry": "製造業", "employees": 120}
    listed = (tmp_path / "accounts.csv.errors.csv").read_text(encoding="utf-8-sig")
    assert [line.split(",")[0].strip('"') for line in listed.splitlines()[1:]] == ["3", "4"]
    assert "domain" in listed and "employees" in listed
    assert "is not a file" in run("company", "import", str(tmp_path / "none.csv"), code=4)


def test_a_form_post_costs_nothing_for_its_company(world: QuickWorld) -> None:
    """The company is written by the stream function, never by the post."""
    world.post({"email": "taro@corp.co.jp", "name": "山田", "company": "例示", "title": "部長", "agree": True})
    assert not world.items("company")
    world.settle()
    assert len(world.items("company")) == 1


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_webinar_report_is_imported_once(world: QuickWorld, tmp_path: Path) -> None:
    world.now += timedelta(days=30)
    taro = world.join("taro@example.co.jp")
    file = tmp_path / "attendees.csv"
    file.write_text(ZOOM, encoding="utf-8")
    arguments = ("activity", "import", str(file), "--format", "zoom", "--seminar", "spring")
    planned = run(*arguments, "--dry-run", code=1)
    assert (planned["accepted"], planned["unknown"]) == (2, 1)
    first = run(*arguments, code=1)
    counts = {name: first[name] for name in ("rows", "accepted", "repeated", "refused", "unknown", "created")}
    assert counts == {"rows": 5, "accepted": 2, "repeated": 0, "refused": 3, "unknown": 1, "created": 0}
    listed = (tmp_path / first["listed_in"]).read_text(encoding="utf-8-sig")
    assert "hanako@example.co.jp" in listed and (tmp_path / first["listed_in"]).stat().st_mode & 0o077 == 0
    again = run(*arguments, "--create", code=1)
    assert (again["accepted"], again["repeated"], again["created"]) == (1, 2, 1)
    (attended,) = (a for a in activities(world, taro) if a["type"] == "seminar_attended")
    assert attended["about"] == {"seminar": "spring", "minutes": 48}
    assert world.state(world.lead_id("hanako@example.co.jp")).get("topics", {}) == {}


def test_cards_create_leads_with_primary_data_and_without_consent(world: QuickWorld, tmp_path: Path) -> None:
    file = tmp_path / "cards.csv"
    file.write_text(CARDS.replace("2026/11/18", "2026/06/18"), encoding="cp932")
    world.now = max(world.now, world.now.replace(month=11, day=24))
    arguments = ("activity", "import", str(file), "--format", "cards", "--exhibition", "expo", "--create")
    done = run(*arguments, code=1)
    assert (done["encoding"], done["accepted"], done["created"], done["refused"]) == ("cp932", 1, 1, 2)
    lead_id = world.lead_id("taro@example.co.jp")
    (profile,) = (item for item in world.items("profile") if item["pk"] == f"LEAD#{lead_id}")
    assert (profile["primary"]["company"], profile["primary"]["name"]) == ("例示株式会社", "山田　太郎")
    assert run(*arguments, code=1)["repeated"] == 1
    world.settle()
    assert company_of(lead_id) is not None


def test_deals_of_a_crm_are_imported_once(world: QuickWorld, tmp_path: Path) -> None:
    lead_id = world.join("taro@example.co.jp")
    mapping, file = tmp_path / "map.yaml", tmp_path / "deals.csv"
    mapping.write_text(
        "source: crm\ncurrency: JPY\nstages: {受注: won, 提案中: proposal}\n"
        "columns: {ID: id, 段階: stage, 金額: amount, メール: lead}\n",
        encoding="utf-8",
    )
    rows = (
        "D-1,受注,￥１，２００，０００,taro@example.co.jp\nD-2,提案中,-5,\nD-3,提案中,5,nobody@example.jp\nD-4,謎,5,\n"
    )
    file.write_text("ID,段階,金額,メール\n" + rows, encoding="cp932")
    done = run("deal", "import", str(file), "--mapping", str(mapping), code=1)
    assert (done["rows"], done["opened"], done["refused"]) == (4, 1, 3)
    again = run("deal", "import", str(file), "--mapping", str(mapping), code=1)
    assert (again["opened"], again["unchanged"]) == (0, 1)
    assert only_deal(lead_id).company == company_of(lead_id)
    mapping.write_text("source: crm\ncolumns: {ID: name}\n", encoding="utf-8")
    assert "map.yaml:2" in run("deal", "import", str(file), "--mapping", str(mapping), code=1)


def test_the_list_of_refused_deals_names_the_column_and_is_in_the_readers_language(
    world: QuickWorld, tmp_path: Path
) -> None:
    mapping, file = tmp_path / "map.yaml", tmp_path / "deals.csv"
    mapping.write_text("source: crm\ncurrency: JPY\ncolumns: {ID: id, 段階: stage, 金額: amount}\n", encoding="utf-8")
    file.write_text("ID,段階,金額\nD-1,謎,5\nD-2,won,未定\n", encoding="utf-8")
    arguments = ("deal", "import", str(file), "--mapping", str(mapping))

    for language, words in (("en", ("is no stage", "is no amount")), ("ja", ("という段階はありません", "書いて"))):
        run("--language", language, *arguments, code=1)

        with (tmp_path / "deals.csv.errors.csv").open(encoding="utf-8-sig", newline="") as listed:
            rows = list(csv.DictReader(listed))
        assert [(row["line"], row["column"]) for row in rows] == [("2", "段階"), ("3", "金額")]
        assert all(one in row["reason"] for one, row in zip(words, rows, strict=True)), rows


def test_a_cell_that_is_a_formula_is_harmless_in_the_list_of_refused_rows(world: QuickWorld, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("lead,type,at\n=cmd|' /C calc'!A0,call_made,2026/11/20\n", encoding="utf-8")
    done = run("activity", "import", str(file), code=1)
    assert "'=cmd|" in (tmp_path / done["listed_in"]).read_text(encoding="utf-8-sig")


# -- commands ----------------------------------------------------------------------------------------------------------


def test_a_deal_is_shown_as_a_report_of_the_past_showed_it(world: QuickWorld) -> None:
    opened = run("deal", "set", "crm:A-1", "stage=proposal", "amount=1,000", "currency=USD")["deal"]
    before = world.now
    world.now += timedelta(days=2)
    run("deal", "set", "crm:A-1", "stage=won", "--at", f"{before - timedelta(minutes=0):%Y-%m-%dT%H:%M:%S+00:00}")
    assert run("deal", "show", opened)["status"] == "won"
    assert run("deal", "show", opened, "--as-of", before.isoformat())["stage"] == "proposal"
    assert "was not known" in run("deal", "show", opened, "--as-of", "2020-01-01T00:00", code=4)
    run("deal", "set", "crm:A-2", "stage=negotiation", "amount=１００", "currency=JPY")
    run("deal", "set", "crm:A-3", "stage=open", "amount=5", "currency=EUR")
    listed = run("deal", "list")
    assert (listed["amount"], listed["forecast"]) == (["EUR 5.00", "JPY 100"], ["EUR 1.00", "JPY 70"])
    assert (listed["in_JPY"], listed["rates"]) == (None, []), "without a rate it is not defined"
    sales = Definitions().live("sales").body
    rates = [{"currency": "EUR", "from": "2026-01-01", "rate": 160}]
    Definitions().publish("sales", "default", {**sales, "deals": {"rates": rates}}, world.now)
    listed = run("deal", "list")
    assert listed["in_JPY"] == {"amount": "JPY 900", "forecast": "JPY 230"}
    assert listed["rates"] == ["EUR 160 from 2026-01-01"]
    assert run("deal", "link", opened, "erp:47") == {"deal": opened, "external": "erp:47", "linked": True}


@pytest.mark.parametrize(
    "arguments",
    [
        ("deal", "set", "A-1", "stage=won"), ("deal", "set", "crm:A-1", "stage"),
        ("deal", "set", "crm:A-1", "amount=5"),
        ("deal", "set", "crm:A-1", "stage=nowhere"), ("deal", "set", "crm:A-1", "amount=1.234,5", "currency=EUR"),
        ("deal", "set", "crm:A-1", "expected_close=2027-02-30"), ("deal", "set", "crm:A-1", "contact=x"),
        ("deal", "link", "D", "crm"), ("company", "add", "--external", "crm"), ("company", "add", "--domain", "co.jp"),
        ("activity", "import", __file__, "--format", "zoom"), ("activity", "import", __file__),
        ("token", "create", "CRM!", "--scope", "deals"), ("token", "create", "crm", "--scope", "deals", "--days", "0"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line(world: QuickWorld, arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code in (1, 4), done.output
    assert "Traceback" not in done.output and done.output.startswith("sodate: ")


def test_tokens_are_shown_once_listed_and_revoked(world: QuickWorld) -> None:
    made = run("token", "create", "crm-nightly", "--scope", "activities", "--source", "crm")
    assert made["token"].startswith(f"sodate_{made['id']}_")
    (listed,) = run("token", "list")
    assert (listed["status"], "token" in listed) == ("active", False)
    assert run("token", "revoke", made["id"])["revoked"] and not run("token", "revoke", made["id"])["revoked"]
    assert run("token", "list")[0]["status"] == "revoked"
    assert "there is no token" in run("token", "revoke", "x", code=4)


def test_a_person_logs_the_activities_of_the_playbook_too(world: QuickWorld) -> None:
    booth = {"id": "booth_visit", "label": {"ja": "ブース来場", "en": "b"}, "fields": [{"id": "exhibition"}]}
    Definitions().publish("activities", "default", {"activities": [booth]}, world.now)
    world.join("taro@example.jp")
    done = run("lead", "log", "taro@example.jp", "booth_visit", "--about", "exhibition=spring")
    assert (done["activity"], done["about"]) == ("booth_visit", {"exhibition": "spring"})
    assert run("lead", "log", "taro@example.jp", "survey_answered", "--about", "nps=９")["about"] == {"nps": 9}
    assert "nps=11" in run("lead", "log", "taro@example.jp", "survey_answered", "--about", "nps=11", code=1)
    assert {"booth_visit", "chat_held"} <= {row["type"] for row in run("activity", "types")}


def test_a_second_signal_has_a_deal_of_its_own(world: QuickWorld) -> None:
    sales(world, SATO, quiet_days=0, feedback=FEEDBACK)
    world.new_process()
    lead_id = become_hot(world, "taro")
    answer(world, link_of(world), {"answer": "won", "amount": 1, "currency": "JPY"})
    world.now += timedelta(days=20)
    rise(world, lead_id)
    world.settle()
    link = feedback_link(world.mails_to("sato@example.jp")[-1].text)
    answer(world, link, {"answer": "won", "amount": 2, "currency": "JPY"})
    assert [deal.amount for deal in store.deals_of_lead(lead_id)] == [1, 2]
