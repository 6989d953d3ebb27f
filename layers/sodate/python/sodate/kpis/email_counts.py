"""What one email contributes: all its figures are in the hour in which SES accepted it.

So a rate of a period is about the emails that were sent in it, and never exceeds 100 %.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sodate.email.ledger.engagement import Engagement
from sodate.email.ledger.states import RANK
from sodate.kpis.contribution import Image, Part, hour_of, scope
from sodate.leads.contact_state import id_of

ALL, TRANSACTIONAL = "all", "purpose:transactional"
_NOT_SENT = {"skipped": "email_skipped", "failed": "email_failed", "unknown": "email_unknown"}


def counts_of_email(image: Image) -> Iterator[Part]:
    state = str(image["state"])
    metrics = _sent(image, state) if RANK[state] >= RANK["sent"] else _not_sent(state)
    if metrics:
        at = image.get("sent_at") or image["planned_at"]
        yield Part(_scopes(image), hour_of(str(at)), dict.fromkeys(metrics, 1))


def _not_sent(state: str) -> list[str]:
    return [_NOT_SENT[state]] if state in _NOT_SENT else []


def _sent(image: Image, state: str) -> list[str]:
    engagement = engagement_of(image)
    found = ["email_sent"]
    if state in ("delivered", "complained") or engagement:
        found.append("email_delivered")
    if state in _ENDS:
        found.append(_ENDS[state])
    found += [f"email_{name}" for name in engagement]
    found += [metric for name, metric in _MARKS.items() if image.get(name)]
    return found


_ENDS = {
    "bounced": "email_hard_bounced",
    "soft_bounced": "email_soft_bounced",
    "complained": "email_complained",
    "rejected": "email_rejected",
}
#: Times that other rooms set on the ledger item.
_MARKS = {"unsubscribed_at": "email_unsubscribed", "replied_at": "email_replied"}


def engagement_of(image: Image) -> list[str]:
    """What became of an email: `opened` and `clicked` by a person, `machine_…` where only machines did.

    A person's click opened the email too, whether images were loaded or not. A click of which nobody knows is `unsure`.
    """
    seen = Engagement.of(image)
    opened = seen.human_opened or seen.human_clicked
    found = ["opened"] if opened else ["machine_opened"] if seen.machine_opened else []
    if seen.human_clicked:
        found.append("clicked")
    elif seen.unsure_clicked:
        found.append("unsure_clicked")
    elif seen.machine_clicked:
        found.append("machine_clicked")
    return found


def _scopes(image: Image) -> tuple[str, ...]:
    template, version = image.get("template"), image.get("template_version")
    found = [ALL if image["purpose"] == "marketing" else TRANSACTIONAL]
    if template:
        found.append(scope("template", template))
        if version is not None:
            found.append(scope("template", f"{template}@{version}"))
    return (*found, *_source(image))


def _source(image: Mapping[str, Any]) -> Iterator[str]:
    sequence, broadcast = image.get("sequence"), image.get("broadcast")
    if sequence:
        scenario = id_of(str(sequence))
        yield scope("scenario", scenario)
        if image.get("step") is not None:
            yield scope("scenario", f"{scenario}@{image.get('sequence_version')}", image["step"])
    if broadcast:
        yield scope("broadcast", broadcast)
        if image.get("run"):
            yield scope("broadcast", broadcast, image["run"])
            if image.get("variant"):
                yield scope("broadcast", broadcast, image["run"], image["variant"])
