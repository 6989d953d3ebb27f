"""The story as one table, the sales message as it arrived, and what must have happened."""

from collections import Counter
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from sodate.activities.store import activities_of
from sodate.email.ledger.store import sends_of
from sodate.errors import NotFound
from sodate.leads.store import load_state
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.queries.emails import email_name
from sodate.queries.explanation import explanation
from sodate.queries.lead import current_score
from sodate.runtime.readers import must_read

from sodate_cli.demo.people import Person
from sodate_cli.demo.play import Player
from sodate_cli.operator import find_lead, now
from sodate_cli.target import Target

console = Console(width=170)


def outcome(person: Person, where: Target) -> dict[str, Any] | None:
    """What the system knows of a person; None when there is no lead."""
    if person.address is None:
        return None
    try:
        lead_id = find_lead(person.address, where)
    except NotFound:
        return None
    state, definitions = load_state(lead_id), Definitions(reads=must_read)
    return {
        "lead_id": lead_id,
        "state": state,
        "score": current_score(definitions, lead_id, now(where)),
        "why": explanation(definitions, lead_id, now(where))["score"],
        "sends": [send for send in sends_of(lead_id) if send.name != "handoff"],
        "seen": Counter((a.type, a.about.get("send")) for a in activities_of(lead_id)),
    }


def show_table(people: tuple[Person, ...], answers: dict[int, int], found: dict[int, dict[str, Any] | None]) -> None:
    table = Table(title="What became of twelve form posts after fourteen days", title_justify="left", show_lines=True)
    for column in ("person", "HTTP", "mails and their fate", "attr +/−", "behav +/−", "total", "phase, rank", "why"):
        table.add_column(column, overflow="fold", justify="right" if column in ("HTTP", "total") else "left")
    for number, person in enumerate(people):
        table.add_row(*_row(person, answers[number], found[number]))
    console.print(table)


def _row(person: Person, answer: int, found: dict[str, Any] | None) -> list[Text]:
    who = f"{person.name}\n{person.address or ''}".strip()
    if found is None:
        cells = [who, str(answer), "–", "", "", "", "", person.remark]
        return [Text(cell) for cell in cells]
    state, score = found["state"], found["score"]
    totals = score["totals"]["all"]
    mails = "\n".join(f"{email_name(send)}: {_fate(send, found['seen'])}" for send in found["sends"]) or "none"
    why = "\n".join(f"{reason['points']:+d} {reason['reason']} ×{reason['times']}" for reason in found["why"])
    blocked = f"\nno mail: {state.blocked}" if state.blocked else ""
    cells = [
        who,
        str(answer),
        mails,
        f"{totals['attribute_plus']:+d} / {totals['attribute_minus']}",
        f"{totals['behaviour_plus']:+d} / {totals['behaviour_minus']}",
        str(score["total"]),
        f"{score['phase']} {score['rank']}{' HOT' if score['hot'] else ''}",
        f"{person.remark}{blocked}\n{why}".strip(),
    ]
    return [Text(cell) for cell in cells]


def _fate(send: Any, counted: Counter[tuple[str, str | None]]) -> str:
    times = {
        word: counted[type_, send.send_id] for type_, word in (("mail_opened", "opened"), ("mail_clicked", "clicked"))
    }
    seen = [f"{word} {count}×" for word, count in times.items() if count]
    why = f" ({send.reason})" if send.state in ("skipped", "failed", "unknown") else ""
    return ", ".join([f"{send.state}{why}", *seen])


def show_sales(messages: list[dict[str, Any]]) -> None:
    for message in messages:
        body = message["body"] if isinstance(message["body"], dict) else {"text": str(message["body"])}
        title = Message(
            "the sales message as it arrived (signature: {message})",
            message=message.get("verdict", message.get("signature")),
        )
        console.print(Panel(Text(str(body.get("text", body))), title=title, title_align="left", width=100))


def problems(
    people: tuple[Person, ...],
    answers: dict[int, int],
    found: dict[int, dict[str, Any] | None],
    sales: list[dict[str, Any]],
    player: Player,
) -> list[str]:
    """Everything that is not as the story must be; empty when all is well."""
    wrong: list[str] = []
    for number, person in enumerate(people):
        if answers[number] != person.answer:
            wrong.append(f"{person.name}: the post answered {answers[number]}, not {person.answer}")
        if person.address is not None:
            wrong += _problems_of(person, found[number], len(player.step_mails(person)))
    hot = sum(person.hot for person in people)
    if len(sales) != hot:
        wrong.append(f"sales was told {len(sales)} times, not {hot}")
    if any(message["signature"] != "valid" for message in sales):
        wrong.append("a sales message has no valid signature")
    if sum(mail["tags"].get("name") == "handoff" for mail in player.all_mails()) != hot:
        wrong.append("the owner's hand-off mail is missing or doubled")
    return wrong


def _problems_of(person: Person, known: dict[str, Any] | None, mails: int) -> list[str]:
    if known is None:
        return [f"{person.name}: no lead was made"]
    state = known["state"]
    pairs = {
        "step mails": (mails, person.mails),
        "blocked": (state.blocked, person.blocked),
        "hot": (known["score"]["hot"], person.hot),
    }
    return [f"{person.name}: {what} is {is_}, not {must}" for what, (is_, must) in pairs.items() if is_ != must]
