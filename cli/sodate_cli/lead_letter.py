"""`sodate lead explain` for people: the explanation of a lead as a letter to a colleague. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
    heat = "It is hot" if state["hot"] else "It is not hot"
    missing = f"; what is missing: {state['missing to be hot']}" if state["missing to be hot"] else ""
    sentences = [
        f"{who} is in phase {state['phase_label']} with {_counted(state['total'], 'point')}: rank {state['rank']}, "
        f"lifecycle stage {state['stage']}.",
        f"{heat}{missing}.",
    ]
    if state["next phase"]:
        sentences.append(f"The next phase is {state['next phase']}.")
    return sentences


def _phases(phases: Sequence[Document], times: Times) -> list[Section]:
    entries = [
        f"{times.shown(one['since'])} {one['phase_label']}"
        + (f", because of {one['because']}" if one["because"] else "")
        for one in phases
    ]
    return [("Phases so far", [], entries)] if entries else []


def _score(document: Document, times: Times, label: Label) -> Section:
    lines = [_score_line(line, times, label) for line in document["score"]]
    total = document["state"]["totals"]["all"]
    given = " and ".join(
        f"{_signed(total[f'{kind}_plus'] + total[f'{kind}_minus'])} by {words}"
        for kind, words in (("attribute", "attributes"), ("behaviour", "behaviour"))
    )
    sentence = f"{given}." if lines else "No rule has given or taken points so far."
    return "Why this score", [sentence], lines


def _score_line(line: Document, times: Times, label: Label) -> str:
    category = f" ({label('category', line['category'])})" if line["category"] else ""
    text = f"{_signed(line['points'])} {line['reason'].replace('_', ' ')}{category}"
    parts = [
        f"{times.shown(part['at'])[:10]} {label('activity', part['activity'])} {_signed(part['points'])}"
        + (f", now worth {part['now']:g}" if part["now"] != part["points"] else "")
        for part in line["parts"]
    ]
    more = [f"and {len(parts) - _MOST_PARTS} more"] if len(parts) > _MOST_PARTS else []
    details = [*parts[:_MOST_PARTS], *more]
    if abs(line["rounding_and_cap"]) >= 0.5:
        details.append(f"the cap of the rule changes it by {line['rounding_and_cap']:+g}")
    if line["group_cap"]:
        details.append(f"the cap of the group changes it by {_signed(line['group_cap'])}")
    return f"{text}: {'; '.join(details)}" if details else text


def _sales(signals: Sequence[Document], times: Times) -> Section:
    if not signals:
        return "Sales", ["Sales has not been notified of this lead."], ()
    return "Sales", [], [signal_sentence(signal, times) for signal in signals]


def signal_sentence(signal: Document, times: Times) -> str:
    """When and why sales was notified, who owns the lead, the state of each channel, and the feedback."""
    reason = f" ({signal['because'].replace('_', ' ')})" if signal["because"] else ""
    owner = f"the owner is {signal['owner']}{reason}" if signal["owner"] else "nobody owns it yet"
    channels = "; ".join(f"{name}: {times.within(result)}" for name, result in signal["channels"].items())
    sentences = [
        f"{times.shown(signal['at'])}, at {_counted(signal['total'], 'point')}: {owner}.",
        f"{channels}." if channels else "No channel yet.",
        f"It waits until {times.shown(signal['waits_until'])}." if signal["waits_until"] else "",
        f"Feedback: {signal['answer']}." if signal["answer"] else "No feedback yet.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _emails(document: Document, times: Times) -> Section:
    state = document["state"]
    may, _, why = state["mailable"].partition(": ")
    verdict = f"Marketing email may be sent (topics: {why})." if may == "yes" else f"No marketing email: {why}."
    sentences = [verdict, f"Consent: {state['consent']}."]
    if not document["mails"]:
        return "Emails", [*sentences, "No email has been planned so far."], ()
    return "Emails", sentences, [_email(mail, times) for mail in document["mails"]]


def _email(mail: Document, times: Times) -> str:
    planned = f"{times.shown(mail['planned'])} " if mail["planned"] else ""
    why = f" – {times.within(mail['why'])}" if mail["why"] else ""
    return f"{planned}{mail['mail']}: {mail['state']}{why}"


def _next(steps: Sequence[Document], state: Document, times: Times, label: Label) -> Section:
    sentences = [] if steps else ["No email is planned: the lead is in no sequence, or at the end of it."]
    changes = state["changes by time alone"]
    sentences.append(
        "Without new activities, its score class never changes."
        if changes == "never"
        else f"Without new activities, its score class changes at {times.shown(changes)}."
    )
    return "What comes next", sentences, [_step(step, times, label) for step in steps]


def _step(step: Document, times: Times, label: Label) -> str:
    waits = f", but it waits: {times.within(step['waits'])}" if step["waits"] else ""
    sequence = with_id(label("sequence", step["sequence"]), step["sequence"])
    return f"{times.shown(step['due'])} step {step['step']} of sequence {sequence}{waits}"


def _signed(points: int) -> str:
    return f"{points:+d}" if points else "0"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if abs(number) == 1 else f"{number} {word}s"
