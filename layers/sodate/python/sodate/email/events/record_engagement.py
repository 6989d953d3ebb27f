"""Records an open or click: evidence and verdict on the SEND item, then the activity.

What is stored is right after a crash at any point, and after duplicates in any order:

- a person's verdict is stored in one transaction with its activity, so a correction finds the activity in the log;
- a robot's verdict is final, so its activity may follow in a write of its own; a redelivery completes it;
- a click that waits has changed nothing but the evidence. The caller delivers its event again.
"""

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType, ActivityVerdict
from sodate.activities.store import activity_item
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put
from sodate.email.events.domain_prior import Priors
from sodate.email.events.event import ENGAGEMENT, EmailEvent, parse_event
from sodate.email.events.signs import hit_of, tenths
from sodate.email.events.verdicts import (
    HUMAN,
    ROBOT,
    SECOND,
    Prior,
    Verdicts,
    Waiting,
    is_suspect,
    verdict_of_open,
    verdicts_on,
)
from sodate.email.ledger.engagement import Because, Engagement, Hit, find_hit
from sodate.email.ledger.store import SendItem, engagement_change, find_send
from sodate.errors import Invalid, Transient

_TRIES = 5
#: A click of the future (clocks differ) does not wait for its time.
_AHEAD = timedelta(minutes=1)
_LONGEST = 300


@dataclass(frozen=True)
class Waits:
    """The event must be delivered again after so many seconds, 1 to 300: only then is there a verdict.

    `is_double`: it shows that SES accepted both attempts of this email.
    """

    seconds: int
    is_double: bool = False


@dataclass
class Companions:
    """The opens and clicks of one batch, by email: their evidence is stored in one write.

    `latest`: the SEND items as this batch has written them. `first_seen`: keys of the hits whose evidence is new in
    this batch; none of them is judged before its neighbours of other batches had time.
    """

    by_send: dict[str, list[EmailEvent]] = field(default_factory=lambda: defaultdict(list))
    latest: dict[str, SendItem] = field(default_factory=dict)
    first_seen: set[str] = field(default_factory=set)
    priors: Priors = field(default_factory=Priors)

    @classmethod
    def among(cls, messages: Iterable[str]) -> "Companions":
        """`messages`: of one batch; one that cannot be read is left out here."""
        companions = cls()
        for message in messages:
            with suppress(Invalid):
                event = parse_event(message)
                if isinstance(event, EmailEvent) and event.type in ENGAGEMENT and "send_id" in event.tags:
                    companions.by_send[event.tags["send_id"]].append(event)
        return companions

    def of(self, event: EmailEvent, send_id: str) -> list[EmailEvent]:
        """With the event itself, in any case."""
        together = self.by_send.get(send_id, [])
        return together if event in together else [*together, event]


@dataclass(frozen=True)
class Recorder:
    """`activity`: what is logged of the event, without its verdict."""

    event: EmailEvent
    activity: Activity
    companions: Companions
    rules: Waiting
    now: datetime

    def record(self, send: SendItem) -> str | Waits:
        """`applied`, `repeat`, `counted` (nothing to log), or when to come again.

        Raises: `Transient` when the item changes too often.
        """
        current: SendItem | None = send
        for _ in range(_TRIES):
            if current is None:
                return "counted"  # erased meanwhile
            try:
                outcome = self._recorded(current)
            except ConditionFailed:
                current = find_send(send.lead_id, send.send_id)
            else:
                self.companions.latest[send.send_id] = current
                return outcome
        raise Transient(f"send {send.send_id} has concurrent events: try again")

    def _recorded(self, send: SendItem) -> str | Waits:
        """Raises: `ConditionFailed` when the evidence has changed since it was read."""
        accepted = self.event.taken_at or datetime.fromisoformat(send.sent_at or send.planned_at)
        known = Engagement.of(send)
        hits = [_with_verdict(hit_of(one, accepted)) for one in self.companions.of(self.event, send.send_id)]
        mine = next(hit for hit in hits if hit.key == self.event.key)
        evidence = known.adding(hits)
        self.companions.first_seen.update(hit.key for hit in hits if find_hit(known, hit.key) is None)
        is_first_sight = mine.key in self.companions.first_seen and find_hit(evidence, mine.key) is not None
        verdicts = self._verdicts(evidence, mine, accepted, is_first_sight=is_first_sight)
        judged = find_hit(verdicts.engagement, mine.key) or mine
        if judged.is_click and not judged.counts:  # our own links: evidence, and nothing to wait for
            self._store(send, known, verdicts)
            return "counted"
        if judged.verdict is None:
            self._store(send, known, verdicts)
            return self._again(verdicts, accepted, is_first_sight=is_first_sight)
        return self._log(send, known, verdicts, judged)

    def _verdicts(
        self, evidence: Engagement, mine: Hit, accepted: datetime, *, is_first_sight: bool
    ) -> Verdicts:  # fmt: skip
        """At first sight no person's verdict is made, however old the click is: of a backlog, its neighbours may be in
        other batches. Where the evidence has no room for the click, it is judged beside it, by its age.
        """
        domain = self.event.recipients[0].rpartition("@")[2].lower()
        now = tenths(self.now - accepted)
        if is_first_sight:
            now = mine.at
        elif self.event.at - self.now > _AHEAD:
            now = mine.at + tenths(timedelta(hours=1))
        seen = evidence if find_hit(evidence, mine.key) or not mine.is_click else Engagement((*evidence.hits, mine))
        return verdicts_on(seen, mine.key, now, self.rules, lambda: self._prior(domain))

    def _prior(self, domain: str) -> Prior:
        return self.companions.priors.of(domain)

    def _again(self, verdicts: Verdicts, accepted: datetime, *, is_first_sight: bool) -> Waits:
        left = (verdicts.ready_at or 0) - tenths(self.now - accepted)
        if is_first_sight:  # its neighbours need time to be seen
            left = max(left, self.rules.wait if left <= 0 else self.rules.wait // 2)
        return Waits(max(1, min(-(-left // SECOND), _LONGEST)))

    def _store(self, send: SendItem, known: Engagement, verdicts: Verdicts) -> None:
        """Evidence, with corrections of what was logged as a person's."""
        stored = Engagement().adding(verdicts.engagement.hits)
        if stored == known:
            return
        change = engagement_change(send, stored)
        corrections = [Put.new(activity_item(self._correction(hit))) for hit in verdicts.corrected]
        if corrections:
            table.commit([change, *corrections])
        else:
            table.update(change.item, change.actions, change.condition)
        send.engagement = stored.to_text()

    def _log(self, send: SendItem, known: Engagement, verdicts: Verdicts, judged: Hit) -> str:
        put = Put.new(activity_item(_with(self.activity, judged)))
        is_new = find_hit(known, judged.key) != judged
        if judged.is_click and judged.verdict is not ROBOT and is_new:
            outcome = self._log_together(send, verdicts, put)
        else:
            self._store(send, known, verdicts)
            outcome = _put_activity(put)
        self._count_domain(send, known, judged)
        return outcome

    def _log_together(self, send: SendItem, verdicts: Verdicts, put: Put) -> str:
        stored = Engagement().adding(verdicts.engagement.hits)
        corrections = [Put.new(activity_item(self._correction(hit))) for hit in verdicts.corrected]
        try:
            table.commit([put, engagement_change(send, stored), *corrections])
        except ConditionFailed as error:
            if set(error.failed) == {0}:  # an older release logged it, without evidence
                return "repeat"
            raise
        send.engagement = stored.to_text()
        return "applied"

    def _correction(self, hit: Hit) -> Activity:
        """Later than every activity that it corrects."""
        about = {"of": hit.key, "verdict": ActivityVerdict.ROBOT.value, "because": str(hit.because)}
        key = activity_key(ActivityType.ACTIVITY_JUDGED, "classifier", hit.key)
        return Activity(self.activity.lead_id, ActivityType.ACTIVITY_JUDGED.value, self.now, key, about)

    def _count_domain(self, send: SendItem, known: Engagement, judged: Hit) -> None:
        """Once per email, by its first click that is judged."""
        is_first = not any(hit.is_click and hit.counts and hit.verdict is not None for hit in known.hits)
        if judged.is_click and is_first:
            domain = self.event.recipients[0].rpartition("@")[2].lower()
            self.companions.priors.count(domain, send.send_id, is_suspect=is_suspect(judged), now=self.now)


def log_by_itself(event: EmailEvent, activity: Activity) -> str:
    """Of an email without a SEND item: nothing can be stored of it, so only what the event shows by itself counts."""
    hit = hit_of(event, event.taken_at or event.at - timedelta(hours=1))
    if hit.is_click:
        hit = verdicts_on(
            Engagement((hit,)), hit.key, hit.at + tenths(timedelta(hours=1)), Waiting(), Prior
        ).engagement.hits[0]
    else:
        hit = verdict_of_open(hit)
    return _put_activity(Put.new(activity_item(_with(activity, hit))))


def _with(activity: Activity, judged: Hit) -> Activity:
    """A person's activity looks as it always did."""
    if judged.verdict is HUMAN or judged.verdict is None:
        return activity
    about = {"verdict": judged.verdict.value, "because": str(judged.because or Because.NO_SIGN)}
    return replace(activity, about={**activity.about, **about})


def _with_verdict(hit: Hit) -> Hit:
    return hit if hit.is_click else verdict_of_open(hit)


def _put_activity(put: Put) -> str:
    try:
        table.put(put.item, put.condition)
    except ConditionFailed:
        return "repeat"
    return "applied"
