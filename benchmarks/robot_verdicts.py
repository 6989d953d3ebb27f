"""Issue 11, figure 7: verdicts on a labelled set of the published shapes, through the production path.

Each event goes through the function `email_events` on a table in memory, at its own time and alone, which is hardest; a
click that waits comes again. What is compared with the labels is the log at the end, with its corrections. A trigger is
a click that counted as a person's when it was logged: that is all that scores, branches and scenarios see.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from ses_simulator import events as ses
from ses_simulator.message import Message
from sodate.activities.store import activities_of
from sodate.activities.verdict import verdicts_of
from sodate.dynamodb import table
from sodate.email.content.hidden_link import with_hidden_link
from sodate.email.events.event import EmailEvent, parse_event
from sodate.email.ledger.states import StepRef
from sodate.email.ledger.store import sent_step
from sodate.leads.contact_state import ContactState
from sodate.leads.store import state_item

from benchmarks import sample
from benchmarks.harness import Harness, Json, harness
from benchmarks.robot_shapes import PERSON, ROBOT, Event, Labelled, emails
from tests.fakes.table import MemoryTable

_PUBLIC = "https://mail.example.jp"
_SITE = "https://www.example.jp"


def measure(count_of_emails: int, seed: int = 1, *, hidden_link: bool = False) -> Json:
    table_ = MemoryTable()
    with harness(clients=_Clients(table_)) as here:
        run = _Run(here, hidden_link)
        for number, email in enumerate(emails(count_of_emails, seed)):
            run.send(number, email)
        run.deliver()
        return run.figures()


@dataclass(frozen=True)
class _Clients:
    """The queue is `_Run`'s."""

    table: MemoryTable

    def client(self, _: str) -> "_Clients":
        return self

    def ses(self) -> "_Clients":
        return self

    def dynamodb(self) -> MemoryTable:
        return self.table

    def get_secret_value(self, SecretId: str) -> Json:
        return {"SecretString": json.dumps({"key": "a key"})}


@dataclass
class _Run:
    here: Harness
    hidden_link: bool
    labels: dict[tuple[str, str], Event] = field(default_factory=dict)
    triggers: Counter[str] = field(default_factory=Counter)
    shapes_that_trigger: Counter[str] = field(default_factory=Counter)
    _agenda: list[tuple[datetime, int, str]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.here.app.queues.deliver_event_again = self._again  # type: ignore[method-assign]

    def send(self, number: int, email: Labelled) -> None:
        """Sent one after the other, over a day."""
        at, lead_id = sample.START + timedelta(seconds=number * 20), sample.lead_id(number)
        ref = StepRef(lead_id, "welcome", 1, 0, f"{number:016d}")
        table.put(state_item(ContactState(lead_id, "")))
        table.put_row(sent_step(ref, ("mail1", 1), "news", f"m{number}", at, at))
        tags = {"lead_id": lead_id, "send_id": ref.send_id, "purpose": "marketing"}
        to = f"someone{number}@{email.domain}"
        message = Message(f"m{number}", at, "news@example.jp", (to,), "件名", "", "", tags=tags)
        for event in self._with_hidden(email):
            self._plan(message, email, event)

    def _with_hidden(self, email: Labelled) -> Iterator[Event]:
        """Who follows the first link of an email with a hidden link follows that one; who follows all has it too."""
        for event in email.events:
            yield event
            if self.hidden_link and event.by == ROBOT and event.link == 0:
                yield Event(event.at, ROBOT, event.shape, event.agent, event.address, -1, event.method)

    def _plan(self, message: Message, email: Labelled, event: Event) -> None:
        at = message.at + timedelta(seconds=event.at)
        if event.link is None:
            made = ses.opened(message, at, event.agent, event.address)
        else:
            made = ses.clicked(message, at, _url(event.link, email, message), event.agent, event.address)
            made["click"]["method"] = event.method
        body = json.dumps(made)
        parsed = parse_event(body)
        assert isinstance(parsed, EmailEvent)
        if event.link is None or 0 <= event.link < email.links - 2:
            self.labels[message.tags["lead_id"], parsed.key] = event
        self._put(at + timedelta(seconds=0.3), body)

    def _put(self, at: datetime, body: str) -> None:
        heappush(self._agenda, (at, next(self._numbers), body))

    def _again(self, body: str, delay_seconds: int) -> None:
        self._put(self.here.now + timedelta(seconds=delay_seconds), body)

    def deliver(self) -> None:
        while self._agenda:
            self.here.now, number, body = heappop(self._agenda)
            answer = self.here.call("email_events", {"Records": [{"messageId": str(number), "body": body}]})
            assert answer == {"batchItemFailures": []}, answer

    def figures(self) -> Json:
        found, by_shape = Counter[tuple[str, str]](), dict[str, Counter[str]]()
        for lead_id in {lead_id for lead_id, _ in self.labels}:
            log = activities_of(lead_id)
            last = verdicts_of(log)
            for one in log:
                if one.type not in ("mail_opened", "mail_clicked"):
                    continue
                label = self.labels[lead_id, one.key]
                verdict = last.get(one.key, "human")
                found[label.by, verdict] += 1
                by_shape.setdefault(f"{label.by}: {label.shape}", Counter())[verdict] += 1
                if one.type == "mail_clicked" and "verdict" not in one.about:
                    self.triggers[label.by] += 1
                    self.shapes_that_trigger[f"{label.by}: {label.shape}"] += 1
        robots = sum(number for (by, _), number in found.items() if by == ROBOT)
        people = sum(number for (by, _), number in found.items() if by == PERSON)
        clicks = sum(label.by == PERSON and label.link is not None for label in self.labels.values())
        return {
            "events": robots + people,
            "lost": len(self.labels) - robots - people,
            "recall": round(found[ROBOT, "robot"] / robots, 4),
            "false_positives": round(found[PERSON, "robot"] / people, 4),
            "unsure_robots": round(found[ROBOT, "unsure"] / robots, 4),
            "unsure_people": round(found[PERSON, "unsure"] / people, 4),
            "triggers_by_robots": self.triggers[ROBOT],
            "robots_that_trigger": round(self.triggers[ROBOT] / robots, 5),
            "triggers_by_people": round(self.triggers[PERSON] / clicks, 4),
            "by_shape": {shape: dict(verdicts) for shape, verdicts in sorted(by_shape.items())},
            "shapes_that_trigger": {s: n for s, n in self.shapes_that_trigger.items() if s.startswith(ROBOT)},
        }


def _url(link: int, email: Labelled, message: Message) -> str:
    if link < 0:
        return with_hidden_link("", _SITE).split('"')[1]
    own = {email.links - 2: "unsubscribe", email.links - 1: "preferences"}.get(link)
    return f"{_PUBLIC}/{own}/token-{message.message_id}" if own else f"{_SITE}/page/{link}"
