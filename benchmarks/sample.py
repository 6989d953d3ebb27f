"""The material every contestant gets: the sample playbook's three-step sequence, and the same leads."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sodate.authoring.check import Checked, check
from sodate.email.content.template import Template
from sodate.email.mailing import Mailing
from sodate.leads.lead import Profile
from sodate.scenarios.sequence import Sequence

from tests.support.step_mail import step_mail_playbook

SEQUENCE = "materials-follow-up"
WEBHOOK = {"sales.webhook.url": "https://sink.example.jp/hook"}
#: A Tuesday, 11:00 in Japan.
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PUBLIC_URL = "https://mail.example.jp"
_COMPANIES = ("例示株式会社", "サンプル製作所", "架空商事株式会社", "見本電機", "仮名フーズ")
_NAMES = ("山田太郎", "佐藤花子", "鈴木一郎", "高橋美咲", "田中健")


@dataclass(frozen=True)
class Material:
    sequence: Sequence
    templates: tuple[Template, ...]
    """One per step."""
    mailing: Mailing


@cache
def playbook() -> Checked:
    """Compiled once a process: MJML takes a second. Figures stay comparable when the sample's nurturing grows."""
    with TemporaryDirectory() as name:
        return check(step_mail_playbook(Path(name)), WEBHOOK)


@cache
def material() -> Material:
    bodies = {(wanted.kind, wanted.id): wanted.body for wanted in playbook().definitions()}
    sequence = Sequence.model_validate(bodies["sequence", SEQUENCE])
    templates = tuple(Template.model_validate(bodies["template", step.template]) for step in sequence.steps)
    (mailing,) = (body for (kind, _), body in bodies.items() if kind == "mailing")
    return Material(sequence, templates, Mailing.model_validate(mailing))


def lead_id(number: int) -> str:
    return f"01BENCH{number:019d}"


def people(count: int, first: int = 0) -> Iterator[Profile]:
    for number in range(first, first + count):
        yield Profile(
            lead_id=lead_id(number),
            mailbox=f"person{number}@customer{number % 997}.example.jp",
            address=f"person{number}@customer{number % 997}.example.jp",
            language="ja",
            primary={
                "name": _NAMES[number % 5],
                "company": f"{_COMPANIES[number % 5]}{number % 997}",
                "title": "部長",
                "phone": f"+8131234{number % 10000:04d}",
            },
            secondary={"interest": ["在庫管理", "受発注"], "timing": "3か月以内"},
            source={"form": "request-materials", "page": "https://www.example.jp/materials", "utm_source": "search"},
            created="2026-11-24T02:00:00.000Z",
        )


def merge_only(profile: Profile) -> dict[str, Any]:
    """What a contestant without our profile model keeps of a lead."""
    return {"email": profile.mailbox, **profile.primary, "secondary": dict(profile.secondary)}
