"""A playbook of a few lines: what the simulation runs on. No MJML, so that a history takes milliseconds."""

from datetime import timedelta
from typing import Any

TOPIC = "news"
STEPS = 4
#: What `Mailing` says when a playbook says nothing.
CAPS = ((timedelta(days=1), 2), (timedelta(days=7), 5))

#: Hours from the beginning of a run to each step, and for how many it is valid.
STEP_HOURS = ((0, 48), (2, 6), (3, 48), (48, 24))
_MAIL = {"purpose": "marketing", "topic": TOPIC, "language": "ja"}
_TRANSACTIONAL = {"purpose": "transactional", "language": "ja"}
_FIELDS = [
    {"name": "email", "type": "email", "required": True},
    {"name": "name", "type": "text", "maps_to": "primary.name"},
    {"name": "title", "type": "text", "maps_to": "primary.title"},
    {"name": "agree", "type": "checkbox"},
]


def _step(number: int, delay: dict[str, int], hours: int, template: str = "mail") -> dict[str, Any]:
    return {"id": f"s{number}", "template": template, "delay": delay, "valid_hours": hours}


def _form(name: str, **consent: Any) -> dict[str, Any]:
    wording = {"field": "agree", "topics": [TOPIC], "wording": "I agree.", **consent}
    return {"id": name, "title": name, "fields": _FIELDS, "consent": wording}


DEFINITIONS: list[tuple[Any, str, dict[str, Any]]] = [
    (
        "mailing",
        "default",
        {
            "sender": {
                "name": "例示",
                "from_address": "news@example.jp",
                "postal_address": "東京都",
                "contact": "03-0000-0000",
            },
            "topics": [{"id": TOPIC, "name": "News"}],
        },
    ),
    ("form", "double", _form("double", double_opt_in=True, template="confirm")),
    ("form", "single", _form("single", double_opt_in=False)),
    (
        "template",
        "confirm",
        {
            **_TRANSACTIONAL,
            "id": "confirm",
            "subject": "?",
            "html": '<a href="{{ opt_in_url }}">ok</a>',
            "text": "{{ opt_in_url }}",
        },
    ),
    (
        "template",
        "mail",
        {
            **_MAIL,
            "id": "mail",
            "subject": "{{ lead.name | default: '' }}様",
            "html": '<p>{{ lead.name | default: "" }}</p><a href="{{ unsubscribe_url }}">stop</a>'
            '<a href="https://www.example.jp/pricing">p</a><a href="{{ preferences_url | default: '
            ' }}">choose</a>',
            "text": "{{ unsubscribe_url }}",
        },
    ),
    # Some leads have no title: for them this step is a failure with a reason, and the run goes on.
    (
        "template",
        "picky",
        {**_MAIL, "id": "picky", "subject": "s", "html": "{{ lead.title }}", "text": "{{ unsubscribe_url }}"},
    ),
    (
        "sequence",
        "drip",
        {
            "id": "drip",
            "topic": TOPIC,
            "start": {"on": "opt_in_confirmed"},
            "steps": [
                _step(0, {"hours": 0}, STEP_HOURS[0][1]),
                _step(1, {"hours": 2}, STEP_HOURS[1][1]),
                _step(2, {"hours": 3}, STEP_HOURS[2][1], "picky"),
                _step(3, {"days": 2}, STEP_HOURS[3][1]),
            ],
        },
    ),
    (
        "rules",
        "default",
        {
            "hot": {"threshold": 14, "cool_below": 11},
            "rules": [
                {"id": "form", "label": "form", "when": {"activity": "form_submitted"}, "points": 5, "max_times": 2},
                {
                    "id": "open",
                    "label": "open",
                    "when": {"activity": "mail_opened"},
                    "points": 5,
                    "per": {"period": "day", "times": 2},
                },
                {
                    "id": "click",
                    "label": "click",
                    "when": {"activity": "mail_clicked"},
                    "points": 10,
                    "half_life_days": 1,
                },
                {"id": "gone", "label": "gone", "when": {"activity": "unsubscribed"}, "points": -15},
                {"id": "title", "label": "title", "when": {"attribute": "primary.title", "present": True}, "points": 3},
            ],
            "phases": [
                {"id": "new", "label": "new"},
                {"id": "warm", "label": "warm", "when": {"score": "total", "at_least": 10}},
                {
                    "id": "keen",
                    "label": "keen",
                    "when": {"activity": "mail_clicked", "times": 2, "within_days": 2},
                    "falls_back_when": {"inactive_for_days": 2},
                },
            ],
        },
    ),
    (
        "sales",
        "default",
        {
            "owners": [{"id": "sato", "name": "Sato", "email": "sato@example.jp"}],
            "default_owner": "sato",
            "webhook": {"url": "https://sink.example.jp/hook"},
        },
    ),
]
