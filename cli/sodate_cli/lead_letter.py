"""`sodate lead explain` for people: the explanation of a lead as a letter to a colleague. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sodate.messages import Message, joined

from sodate_cli.labels import What, with_id
from sodate_cli.times import Times

Section = tuple[str, Sequence[str], Sequence[str]]
Document = Mapping[str, Any]
#: What the id of a kind is called.
Label = Callable[[What, str], str]
_MOST_PARTS = 5


def letter(who: str, document: Document, times: Times, label: Label) -> list[Section]:
    """Heading, sentences and list of each section. `document`: as `sodate.queries.explanation` returns it."""
    return [
        ("", _standing(who, document, times), ()),
        *_phases(document["phases"], times),
        _score(document, times, label),
        _sales(document["told"], times),
        _emails(document, times),
        _next(document["next"], document["state"], times, label),
    ]


def _standing(who: str, document: Document, times: Times) -> list[str]:
    state = document["state"]
    sentences: list[str] = [
        Message(
            "{who} is in phase {phase} with {points}: rank {rank}, lifecycle stage {stage}.",
            who=who,
            phase=state["phase_label"],
            points=_points(state["total"]),
            rank=state["rank"],
            stage=state["stage"],
        ),
        Message("It is hot.") if state["hot"] else Message("It is not hot."),
    ]
    if state["missing to be hot"]:
        sentences.append(Message("What is missing to be hot: {missing}.", missing=state["missing to be hot"]))
    if state["next phase"]:
        sentences.append(Message("The next phase is {phase}.", phase=state["next phase"]))
    return sentences


def _phases(phases: Sequence[Document], times: Times) -> list[Section]:
    entries = [
        Message("{at} {phase}, because of {reason}", at=at, phase=one["phase_label"], reason=one["because"])
        if one["because"]
        else f"{at} {one['phase_label']}"
        for one in phases
        if (at := times.shown(one["since"]))
    ]
    return [(Message("Phases so far"), [], entries)] if entries else []


def _score(document: Document, times: Times, label: Label) -> Section:
    lines = [_score_line(line, times, label) for line in document["score"]]
    total = document["state"]["totals"]["all"]
    attributes, behaviour = (
        _signed(total[f"{kind}_plus"] + total[f"{kind}_minus"]) for kind in ("attribute", "behaviour")
    )
    given = Message(
        "{attributes} by attributes and {behaviour} by behaviour.", attributes=attributes, behaviour=behaviour
    )
    sentence = given if lines else Message("No rule has given or taken points so far.")
    return Message("Why this score"), [sentence], lines


def _score_line(line: Document, times: Times, label: Label) -> str:
    category = f" ({label('category', line['category'])})" if line["category"] else ""
    text = f"{_signed(line['points'])} {line['reason'].replace('_', ' ')}{category}"
    parts = [_part(part, times, label) for part in line["parts"]]
    more = [Message("and {parts_count} more", parts_count=len(parts) - _MOST_PARTS)] if len(parts) > _MOST_PARTS else []
    details = [*parts[:_MOST_PARTS], *more]
    if abs(line["rounding_and_cap"]) >= 0.5:
        details.append(Message("the cap of the rule changes it by {points:+g}", points=line["rounding_and_cap"]))
    if line["group_cap"]:
        details.append(Message("the cap of the group changes it by {points}", points=_signed(line["group_cap"])))
    return joined("", [text, ": ", joined("; ", details)]) if details else text


def _part(part: Document, times: Times, label: Label) -> str:
    text = f"{times.shown(part['at'])[:10]} {label('activity', part['activity'])} {_signed(part['points'])}"
    return Message("{text}, now worth {now:g}", text=text, now=part["now"]) if part["now"] != part["points"] else text


def _sales(signals: Sequence[Document], times: Times) -> Section:
    if not signals:
        return Message("Sales"), [Message("Sales has not been notified of this lead.")], ()
    return Message("Sales"), [], [signal_sentence(signal, times) for signal in signals]


def signal_sentence(signal: Document, times: Times) -> str:
    """When and why sales was notified, who owns the lead, the state of each channel, and the feedback."""
    reason = f" ({signal['because'].replace('_', ' ')})" if signal["because"] else ""
    owner = (
        Message("the owner is {owner}{reason}", owner=signal["owner"], reason=reason)
        if signal["owner"]
        else Message("nobody owns it yet")
    )
    at, waits, answer = times.shown(signal["at"]), times.shown(signal["waits_until"]), signal["answer"]
    channels = [joined("", [f"{name}: ", times.within(result)]) for name, result in signal["channels"].items()]
    sentences = [
        Message("{at}, at {points}: {owner}.", at=at, points=_points(signal["total"]), owner=owner),
        joined("", [joined("; ", channels), "."]) if channels else Message("No channel yet."),
        Message("It waits until {at}.", at=waits) if waits else "",
        Message("Feedback: {answer}.", answer=answer) if answer else Message("No feedback yet."),
    ]
    return joined(" ", [sentence for sentence in sentences if sentence])


def _emails(document: Document, times: Times) -> Section:
    state = document["state"]
    may, _, why = state["mailable"].partition(": ")
    verdict = (
        Message("Marketing email may be sent (topics: {topics}).", topics=why)
        if may == "yes"
        else Message("No marketing email: {reason}.", reason=why)
    )
    sentences = [verdict, Message("Consent: {consent}.", consent=state["consent"])]
    if not document["mails"]:
        return Message("Emails"), [*sentences, Message("No email has been planned so far.")], ()
    return Message("Emails"), sentences, [_email(mail, times) for mail in document["mails"]]


def _email(mail: Document, times: Times) -> str:
    planned = f"{times.shown(mail['planned'])} " if mail["planned"] else ""
    why = [" – ", times.within(mail["why"])] if mail["why"] else []
    return joined("", [f"{planned}{mail['mail']}: {mail['state']}", *why])


def _next(steps: Sequence[Document], state: Document, times: Times, label: Label) -> Section:
    sentences = [] if steps else [Message("No email is planned: the lead is in no sequence, or at the end of it.")]
    changes = state["changes by time alone"]
    sentences.append(
        Message("Without new activities, its score class never changes.")
        if changes == "never"
        else Message("Without new activities, its score class changes at {at}.", at=times.shown(changes))
    )
    return Message("What comes next"), sentences, [_step(step, times, label) for step in steps]


def _step(step: Document, times: Times, label: Label) -> str:
    text = Message(
        "{at} step {step} of sequence {sequence}",
        at=times.shown(step["due"]),
        step=step["step"],
        sequence=with_id(label("sequence", step["sequence"]), step["sequence"]),
    )
    return (
        Message("{step}, but it waits: {reason}", step=text, reason=times.within(step["waits"]))
        if step["waits"]
        else text
    )


def _signed(points: int) -> str:
    return f"{points:+d}" if points else "0"


def _points(number: int) -> str:
    return Message("{points} point", points=number) if abs(number) == 1 else Message("{points} points", points=number)
