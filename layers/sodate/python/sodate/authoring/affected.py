"""Who notices a change: people in sequences, web developers, people who gave consent, sales.

Pure: what is counted in the table is in `numbers.py` and, when a step is removed, in `lost_steps.py`.
"""

from collections.abc import Mapping
from typing import Any

from sodate.messages import Message
from sodate.playbook.store import Kind, Stored
from sodate.scenarios.programs import is_scenario

_BACKFILL = Message(
    "apply starts a back-fill that looks at each lead anew; nobody enters a scenario by it (--no-backfill)"
)
_APPROVAL = Message("nothing is sent until another person approves it: sodate broadcast approve")
_MEMBERS = Message("leads become members with their next activity; earlier ones: sodate campaign refresh")
#: Notes that do not depend on what was changed.
_ALWAYS: dict[Kind, list[str]] = {
    "rules": [
        Message(
            "each lead is scored anew from its whole log with its next activity; stored reasons keep their version"
        ),
        Message("whom it moves, and how many calls that means: sodate score diff --rules <the new rules.yaml>"),
    ],
    "kpis": [Message("attainment in reports and `sodate kpi show`, from now on; no counter changes")],
    "segments": [
        _BACKFILL,
        Message("who would enter and leave, and why: sodate segment preview"),
    ],
    "broadcast": [_APPROVAL, Message("a run that has begun goes on with the version it began with")],
    "campaign": [_MEMBERS, Message("reports as of an earlier date keep the definition that was live then")],
    "attribution": [
        Message("reports divide revenue anew from now on; reports as of an earlier date keep the earlier rules")
    ],
    "overrides": [Message("laid over the files at every plan and apply of this stage, until --unset")],
    "tracking": [Message("events from now on; put the new script tag into the pages: sodate tracking snippet")],
    "reports": [
        Message("a report whose time was less than a day ago, and that did not leave yet, leaves within 15 minutes")
    ],
    "sales": [Message("hot leads found from now on; leads already handed over keep their owner")],
}
Live = Mapping[tuple[Kind, str], Stored]


def _pinned(version: int) -> Message:
    return Message(
        "people already in it finish version {version} (runs are pinned); new enrollments get the new version",
        version=version,
    )


def by_adding(kind: Kind, definition_id: str, body: dict[str, Any]) -> list[str]:
    if kind == "form":
        required = [f["name"] for f in body["fields"] if f["required"]]
        return [
            Message(
                "web developers: POST /forms/{definition_id}/submissions, required: {required}",
                definition_id=definition_id,
                required=", ".join(required),
            )
        ]
    if kind == "sequence" and is_scenario(body):
        return [_STATUS[body["status"]], *_dates({}, body)]
    if kind == "sequence":
        forms = ", ".join(body["start"]["forms"]) or Message("any form")
        return [
            Message("starts for opt-ins confirmed from now on ({forms}); earlier opt-ins do not enter", forms=forms)
        ]
    if kind == "segments":
        return [_BACKFILL]
    if kind == "campaign":
        return [_MEMBERS]
    return [_APPROVAL] if kind == "broadcast" else []


def by_changing(before: Stored, after: dict[str, Any], live: Live) -> list[str]:
    match before.kind:
        case "sequence":
            changed = (part for note in (_status, _dates, _steps) for part in note(before.body, after))
            return [_pinned(before.version), *changed]
        case "form":
            return _for_web_developers(before.body, after) + _consent(before.body, after)
        case "template":
            return _sequences_with(before.id, live)
        case "mailing":
            return _sender(before.body, after)
        case _:
            return _ALWAYS[before.kind]


def by_retiring(stored: Stored) -> list[str]:
    match stored.kind:
        case "form":
            return [Message("web developers: posts to it are answered with 404 from now on")]
        case "sequence":
            return [Message("nobody enters any more; people already in it run on, each on their version")]
        case "broadcast":
            return [Message("no further run begins; one that has begun goes on: sodate broadcast cancel")]
        case "template":
            return [Message("people in an older version of a sequence that has it no longer get this mail")]
    return []


_RESUMES = Message("it resumes, `pause` says how")

#: Of a scenario.
_STATUS = {
    "draft": Message("draft: nobody enters, and no step runs"),
    "published": Message("published: leads enter from now on; what happened before does not count"),
    "paused": Message("paused: nobody enters, and no step runs; events are found in the log afterwards"),
    "ended": Message("ended: everybody in it leaves with the next step"),
}


def _status(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    if before["status"] == after["status"]:
        return []
    if is_scenario(after):
        resumes = [_RESUMES] if before["status"] == "paused" and after["status"] == "published" else []
        return [_STATUS[after["status"]], *resumes]
    return [Message("paused: no step is sent") if after["status"] == "paused" else Message("running again")]


def _dates(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Of a scenario whose entries by date are new or changed."""
    if not needs_backfill("sequence", before, after):
        return []
    return [
        Message("entries by date: apply starts a back-fill that plans the leads that have the date now (--no-backfill)")
    ]


def needs_backfill(kind: Kind, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether every lead has to be looked at: for another segment, or for another entry by date."""
    old, new = ([one for one in body.get("entry", ()) if "date" in one] for body in (before, after))
    return kind == "segments" or bool(new and old != new)


def _steps(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    if not is_scenario(after):
        return []
    kept = {step["id"] for step in after["steps"]}
    gone = [step["id"] for step in before["steps"] if step["id"] not in kept]
    removed = [Message("steps removed: {gone}", gone=", ".join(gone))] if gone else []
    return [
        *removed,
        Message("people in older versions move with sodate scenario migrate {id} (--preview first)", id=after["id"]),
    ]


def _for_web_developers(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    old = {f["name"]: f for f in before["fields"]}
    new = {f["name"]: f for f in after["fields"]}
    notes: list[str] = [
        Message("field added: {name} (required)", name=name)
        if new[name]["required"]
        else Message("field added: {name}", name=name)
        for name in new
        if name not in old
    ]
    notes += [Message("field removed: {name}", name=name) for name in old if name not in new]
    for name in new.keys() & old.keys():
        if new[name]["required"] and not old[name]["required"]:
            notes.append(Message("field is now required: {name}", name=name))
        gone = {c["value"] for c in old[name]["choices"]} - {c["value"] for c in new[name]["choices"]}
        if gone:
            notes.append(Message("choices removed from {name}: {gone}", name=name, gone=", ".join(sorted(gone))))
    closed = (
        [] if after["status"] == before["status"] else [Message("the form is now {status}", status=after["status"])]
    )
    lost = set(before["origins"]) - set(after["origins"])
    closed += [
        Message("origin removed, its pages can no longer post: {origin}", origin=origin) for origin in sorted(lost)
    ]
    return [Message("web developers: {note}", note=note) for note in sorted(notes) + closed]


def _consent(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    old, new = before["consent"] or {}, after["consent"] or {}
    notes: list[str] = []
    if old.get("wording") != new.get("wording"):
        notes.append(
            Message(
                "the consent wording changes: new consents carry the new wording; earlier ones stay evidence for"
                " the old"
            )
        )
    if old.get("topics") != new.get("topics"):
        notes.append(Message("the topics people agree to change; earlier consents do not grow"))
    if old.get("double_opt_in") and not new.get("double_opt_in"):
        notes.append(Message("double opt-in is switched off: anybody can sign up anybody's address"))
    return notes


def _sequences_with(template: str, live: Live) -> list[str]:
    users = sorted(
        stored.id
        for (kind, _), stored in live.items()
        if kind == "sequence"
        and any(template in (step.get("template"), step.get("send")) for step in stored.body["steps"])
    )
    notes: list[str] = (
        [Message("next mails of {users}, for people already in it too", users=", ".join(users))] if users else []
    )
    broadcasts = sorted(
        stored.id for (kind, _), stored in live.items() if kind == "broadcast" and stored.body["template"] == template
    )
    return [*notes, *(Message("broadcast {name} must be approved again", name=name) for name in broadcasts)]


def _sender(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    notes: list[str] = [Message("the footer of every mail from now on")] if before["sender"] != after["sender"] else []
    if before["sender"]["from_address"] != after["sender"]["from_address"]:
        notes.append(Message("the new From address must be verified in SES (DKIM), or every send fails"))
    gone = {t["id"] for t in before["topics"]} - {t["id"] for t in after["topics"]}
    return notes + [
        Message("topic removed: {topic}; consents to it stay stored", topic=topic) for topic in sorted(gone)
    ]
