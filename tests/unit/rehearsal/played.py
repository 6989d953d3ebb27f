"""A small rehearsal whose figures can be computed by hand: ten leads in a scenario with every kind of exit."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sodate.email.mailing import Mailing
from sodate.playbook.model import read
from sodate.rehearsal.assumptions import Assumptions
from sodate.rehearsal.definitions import Rehearsed, program_of
from sodate.rehearsal.figures import Figures

SPAN = (datetime(2026, 11, 30, 15, tzinfo=UTC), datetime(2026, 12, 3, 15, tzinfo=UTC))
FIRST, SECOND = date(2026, 12, 1), date(2026, 12, 2)
MAILING = {
    "sender": {
        "name": "Norte", "from_address": "news@mail.example.jp", "postal_address": "Tokyo", "contact": "x@example.jp",
        "language": "en", "time_zone": "Asia/Tokyo",
    },
    "topics": [{"id": "news", "name": "News"}],
}  # fmt: skip
#: Ten come in: two wait for the click when the rehearsal ends, one has a meeting, four do not click, three click.
WEBINAR = {
    "id": "webinar",
    "title": "Webinar <script>",
    "topic": "news",
    "status": "published",
    "entry": [{"on": {"activity": "seminar_registered"}}],
    "goals": [{"id": "meeting", "on": {"feedback": ["meeting_set"]}}, {"id": "won", "on": {"feedback": ["won"]}}],
    "exits": [],
    "steps": [
        {"id": "invitation", "send": "invite"},
        {"id": "clicks", "wait_for": {"activity": "mail_clicked"}, "timeout": {"days": 3}, "on_timeout": "reminder"},
        {
            "id": "size",
            "branch": [
                {"when": {"attribute": "primary.size", "equals": "big"}, "then": "call"},
                {"when": {"attribute": "primary.size", "equals": "<huge>"}, "then": "signal"},
            ],
            "otherwise": "reminder",
        },
        {"id": "signal", "signal": "huge & <b>hot</b>", "then": "end"},
        {"id": "call", "call_task": "Call", "due": {"business_days": 1}, "then": "end"},
        {"id": "reminder", "send": "remind"},
    ],
}
STEP_MAIL = {
    "id": "welcome",
    "topic": "news",
    "start": {"on": "opt_in_confirmed", "forms": ["demo"]},
    "steps": [{"id": "hello", "template": "hello", "delay": {"days": 1}, "at": "10:00"}],
}


def definitions(*bodies: dict) -> Rehearsed:
    programs = {body["id"]: program_of(body) for body in bodies or (WEBINAR, STEP_MAIL)}
    titles = {body["id"]: body["title"] for body in bodies or (WEBINAR, STEP_MAIL) if "title" in body}
    return Rehearsed(read(Mailing, MAILING), programs, titles=titles)


def assumptions() -> Assumptions:
    return Assumptions.model_validate({"sending": {"usd_per_thousand": 0.1, "per_day": 12}})


def figures() -> Figures:
    edges = {
        ("webinar", "invitation", "sent"): 9,
        ("webinar", "invitation", "skipped"): 1,
        ("webinar", "clicks", "event"): 3,
        ("webinar", "clicks", "timeout"): 4,
        ("webinar", "size", "case 1"): 1,
        ("webinar", "size", "otherwise"): 2,
        ("webinar", "call", "done"): 1,
        ("webinar", "reminder", "sent"): 5,
    }
    hours: dict[tuple[str, str], list[float]] = defaultdict(list)
    hours["webinar", "meeting"] = [30.0, 10.0, 20.0]
    return Figures(
        ZoneInfo("Asia/Tokyo"),
        people=40,
        arrived=30,
        opt_in_emails=26,
        confirmed=20,
        sent=Counter(
            {(FIRST, "webinar"): 9, (SECOND, "webinar"): 3, (SECOND, "news"): 9, (date(2026, 12, 3), "webinar"): 2}
        ),
        hours=Counter({(10, "webinar"): 14, (18, "news"): 9}),
        answers=Counter(
            {
                ("webinar", "invite", "delivered"): 8,
                ("webinar", "invite", "bounced"): 1,
                ("webinar", "invite", "opened"): 4,
                ("news", "invite", "delivered"): 2,
                ("news", "invite", "opened"): 1,
            }
        ),
        skipped=Counter({("webinar", "blocked:hard_bounce"): 1, ("news", "expired"): 2}),
        deferred=Counter(
            {
                ("webinar", "cap:day"): 3,
                ("webinar", "closed_hours"): 4,
                ("news", "frequency_wish"): 1,
                ("news", "sending_rate"): 5,
            }
        ),
        entered=Counter({"webinar": 10}),
        entered_on=Counter({(FIRST, "webinar"): 4, (SECOND, "webinar"): 6}),
        edges=Counter(edges),
        ended=Counter({("webinar", "goal:meeting"): 2, ("webinar", "completed"): 1}),
        still=Counter({("webinar", "clicks"): 2}),
        overlaps=Counter({("webinar", "welcome"): 4}),
        hours_to_goal=hours,
        signals=Counter({(FIRST, "sato"): 2, (SECOND, "sato"): 1, (SECOND, "tanaka"): 1}),
        calls=Counter({(SECOND, "sato"): 1}),
        sales_answers=Counter({"meeting_set": 3}),
        opt_outs=Counter({"unsubscribed": 1}),
    )
