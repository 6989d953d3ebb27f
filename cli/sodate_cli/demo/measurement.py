"""The last part of the story: what it cost and brought. Ads, a filter that clicks all links, and sales' answers."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import urllib3

from sodate_cli.demo.nurturing import local_day
from sodate_cli.demo.people import PEOPLE
from sodate_cli.demo.play import Player, StoryBroken

CAMPAIGN = "autumn-materials"
#: Whose mail goes through a filter that opens every link, although nobody reads it.
_FILTERED = next(person for person in PEOPLE if person.address == "kato@example.com")
_AMOUNT = 1_800_000
#: What sales answers about the hot lead, in this order.
_ANSWERS: tuple[dict[str, Any], ...] = (
    {"answer": "accepted"},
    {"answer": "meeting_set"},
    {"answer": "won", "amount": _AMOUNT, "currency": "JPY"},
)
_FEEDBACK_LINK = re.compile(r"https?://[^\s\"<>\\]+/sales/feedback/[\w.~-]+")
_FILE = """\
id: autumn-materials
title: 秋の資料請求キャンペーン
from: {before}
until: {after}
goal: {{ kpi: leads, target: 3 }}
conversion: {{ activity: meeting_set }}
conversion_within_days: 60
costs:
  - {{ title: ランディングページ制作, amount: 300000, on: {day} }}
  - {{ title: 検索広告(Google), ad_cost: {{ platform: google, campaigns: ["秋_資料請求*"] }} }}
sources:
  utm:
    - {{ campaign: "autumn-materials*" }}
"""
#: As Google Ads exports it: title lines, localised numbers, a row of totals.
_COSTS = """\
検索キーワード レポート
{first}～{last}
日,キャンペーン,広告グループ,検索キーワード,通貨コード,費用,表示回数,クリック数
{first},秋_資料請求_2026,在庫,在庫管理,JPY,"21,400","1,250",41
{last},秋_資料請求_2026,在庫,在庫管理,JPY,"18,600","1,050",35
{last},秋_資料請求_2026,在庫,棚卸,JPY,"10,000",700,14
合計,,,,JPY,"50,000","3,000",90
"""


def write_campaign(playbook: Path, began: datetime) -> None:
    """The sample's campaign, with a period around the days of the story."""
    day = local_day(began)
    text = _FILE.format(day=day, before=day - timedelta(days=30), after=day + timedelta(days=90))
    (playbook / "campaigns" / f"{CAMPAIGN}.yaml").write_text(text, encoding="utf-8")


def write_costs(folder: Path, began: datetime) -> Path:
    """What the ads cost on the first two days, for `sodate campaign cost import --format google`."""
    day, file = local_day(began), folder / "demo-ads.csv"
    days = {"first": f"{day:%Y/%m/%d}", "last": f"{day + timedelta(days=1):%Y/%m/%d}"}
    file.write_text(_COSTS.format(**days), encoding="utf-8")
    return file


def filter_clicks(player: Player) -> None:
    """A filter of incoming email opens the first mail to `_FILTERED` and every link of it."""
    player.scan(_FILTERED, 1)


def sales_answer(messages: list[dict[str, Any]]) -> None:
    """Sales answers about the hot lead by the link in its message, as a CRM does."""
    found = _FEEDBACK_LINK.search(json.dumps([message["body"] for message in messages]))
    if found is None:
        raise StoryBroken("the message to sales has no feedback link")
    link = found.group()
    with urllib3.PoolManager(retries=False, timeout=30) as http:
        for answer in _ANSWERS:
            reply = http.request("POST", link, json=answer)
            if reply.status != 200:
                raise StoryBroken(f"feedback {answer['answer']} was answered with {reply.status}: {reply.data[:200]!r}")
            link = reply.json()["link"]


def write_reports(folder: Path, first: date, last: date) -> list[Path]:
    """Prints the reports of these days, and writes each as a page. Returns the pages."""
    days, until = ("--from", str(first), "--to", str(last)), ("--to", str(last))
    funnel, pages = (*days, "--by", "campaign", "--by", "source"), []
    for name, words in (("kpi", days), ("funnel", funnel), ("campaign", (CAMPAIGN, *until)), ("template", days)):
        page = folder / f"report-{name}.html"
        _report(name, *words, "--language", "en")
        _report(name, *words, "--html", str(page))
        pages.append(page)
    return pages


def _report(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "sodate_cli.main", "report", *words], check=False)
    if done.returncode != 0:
        raise StoryBroken(f"`sodate report {' '.join(words)}` ended with {done.returncode}")


@dataclass(frozen=True)
class Measured:
    """The answers of `sodate kpi show`, `kpi funnel`, `kpi verify` and `campaign show`."""

    kpis: dict[str, Any]
    funnel: dict[str, Any]
    verified: dict[str, Any]
    campaigns: dict[str, Any]


def problems(measured: Measured) -> list[str]:
    """What is not as it must be."""
    counters, stages = measured.kpis["counters"], {one["stage"]: one["reached"] for one in measured.funnel["stages"]}
    campaign = next(one for one in measured.campaigns["campaigns"] if one["id"] == CAMPAIGN)
    spend = {"JPY": "350000"}
    is_as_must = {
        "the counters differ from the items": not measured.verified["differences"],
        "the filter's clicks are not set apart": counters.get("email_machine_clicked", 0) == 1,
        "the clicks of people are not two": counters.get("email_clicked", 0) == 2,
        "not exactly one lead was won": stages["won"] == 1,
        "the campaign did not bring one lead": campaign["leads"] == 1,
        "the campaign's cost is not that of its lines and ads": campaign["spend"] == spend,
        "the campaign's ROI is not (1,800,000 - 350,000) / 350,000": campaign["roi"] == 414.29,
        "the KPIs of the story's days have another revenue": _kpi(measured.kpis, "revenue") == _AMOUNT,
        "the KPIs of the story's days have another ROI": _kpi(measured.kpis, "roi") == 414.29,
    }
    return [f"{text}: {measured}"[:700] for text, is_right in is_as_must.items() if not is_right]


def _kpi(document: dict[str, Any], name: str) -> float | None:
    value: float | None = next(one["value"] for one in document["kpis"] if one["kpi"] == name)
    return value
