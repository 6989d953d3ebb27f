"""Moves a run on: begins it, reads its audience page by page, finds out when it is done.

Each step is one transaction: the run at its new position, the batches of the page, their due entries, the due entry of
the next task. It is conditional on the run's position, so after a crash, and for a repeated message, the work goes on
from the last step: no page is missed and none is written twice.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sodate.broadcasts.audience import Group, by_group
from sodate.broadcasts.broadcast import Broadcast, local_of, occurrence_of
from sodate.broadcasts.candidates import candidates_of
from sodate.broadcasts.decide_variant import BUDGET, FIRST_REVIEW, VariantDecision, first_look
from sodate.broadcasts.progress import settle
from sodate.broadcasts.run import Run
from sodate.broadcasts.schedule import ends, instants, is_scheduled, next_local, sender_instant, waves
from sodate.broadcasts.store import (
    Approval,
    batch_writes,
    commit,
    find_approval,
    find_run,
    load_run,
    moved,
    next_task,
    planned_run,
)
from sodate.broadcasts.surroundings import surroundings_digest
from sodate.dynamodb import keys
from sodate.dynamodb.table import Write
from sodate.email.delivery.broadcast_message import LARGEST_BATCH, BroadcastBatch, BroadcastRun
from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.playbook.store import Definitions, parsed
from sodate.segments.store import members

#: Members read at once. Their batches fit into one transaction (100 writes), however many instants they have; with an
#: experiment in the recipients' local time, each lead may be a batch of its own.
PAGE, _PAGE_OF_EXPERIMENT = 250, 48
#: The list of members is read this long before the first email, so that it is ready at its minute.
AHEAD = timedelta(minutes=5)
#: A paused run is looked at again this much later.
PAUSE_CHECK = timedelta(minutes=10)
#: After the run's end, its emails in a dead-letter queue can still be sent on: it is reviewed daily so long.
_REVIEWED = timedelta(days=14)
#: Why a run is cancelled at its time, so that none follows until the broadcast is approved again.
_ENDS_THE_SCHEDULE = ("not_released", "rescheduled")


@dataclass(frozen=True)
class RunAdvance:
    definitions: Definitions
    now: Callable[[], datetime]

    def advance(self, message: BroadcastRun, began: datetime) -> str:
        """Returns the outcome. `began`: when the invocation began.

        Raises:
            NotFound: there is no such run.
            Transient: another process moves the run on; this message looks again later, in case that one crashes.
        """
        run = load_run(message.broadcast, message.occurrence)
        if message.task != run.task:
            return "stale"
        if run.is_paused:
            commit(run, [next_task(run, self.now() + PAUSE_CHECK, self.now())])
            return "paused"
        if run.state == "planned" or (run.state == "cancelled" and run.task == 0):
            run = self._begin(run)
        if run.state == "expanding":
            return self._expand(run, began)
        if run.state == "testing" or run.is_holding:
            return VariantDecision(self.definitions, self.now).advance(run, began)
        return self._review(run, began) if run.state == "sending" else "over"

    # -- begin ---------------------------------------------------------------------------------------------------------

    def _begin(self, run: Run) -> Run:
        """Pins the versions and plans the next run, which also follows a run that was cancelled before its time."""
        now, mailing = self.now(), parsed(self.definitions.live("mailing"), Mailing)
        approval = find_approval(run.broadcast)
        broadcast = self._live(run.broadcast, approval)
        follows: datetime | None = None
        if broadcast is None:
            after = _cancelled(run, "retired")
        else:
            after = self._begun(run, broadcast[0], broadcast[1], approval, mailing)
            if after.reason not in _ENDS_THE_SCHEDULE:
                local = local_of(run.occurrence)
                follows = next_local(broadcast[1], mailing, max(now, sender_instant(mailing, local)))
        if after.is_over:
            after = replace(after, task=1)
        following = plan_run(broadcast[1], mailing, follows, now) if broadcast and follows else []
        commit(run, [moved(run, after), *following])
        return after

    def _begun(
        self, run: Run, version: int, broadcast: Broadcast, approval: Approval | None, mailing: Mailing
    ) -> Run:  # fmt: skip
        local = local_of(run.occurrence)
        if run.state == "cancelled":
            return run
        if broadcast.status != "released":
            return _cancelled(run, "not_released")
        if not is_scheduled(broadcast, mailing, local):
            return _cancelled(run, "rescheduled")
        if approval is None or version > approval.version or self._has_changed(broadcast, approval):
            return _cancelled(run, "not_approved")
        return replace(
            run,
            state="expanding",
            version=version,
            template_version=approval.template_version,
            templates=approval.templates,
            is_holding=broadcast.experiment is not None and broadcast.experiment.is_sampled,
            began=keys.stamp(self.now()),
            ends=keys.stamp(ends(broadcast, mailing, local)),
        )

    def _live(self, broadcast_id: str, approval: Approval | None) -> tuple[int, Broadcast] | None:
        """The live version; a newer one when it is approved: the pointer of this process is then some seconds old."""
        try:
            stored = self.definitions.live("broadcast", broadcast_id)
        except NotFound:
            return None
        if approval is not None and approval.version > stored.version:
            stored = self.definitions.version("broadcast", broadcast_id, approval.version)
        return stored.version, parsed(stored, Broadcast)

    def _has_changed(self, broadcast: Broadcast, approval: Approval) -> bool:
        """Since the approval: a template (or it was retired), a segment, the sender or the topic."""
        if approval.surroundings != surroundings_digest(broadcast):
            return True
        approved = {**approval.templates, broadcast.template: approval.template_version}
        try:
            return any(self.definitions.live("template", one).version > approved[one] for one in broadcast.templates())
        except NotFound:
            return True

    # -- expand --------------------------------------------------------------------------------------------------------

    def _expand(self, run: Run, began: datetime) -> str:
        broadcast = parsed(self.definitions.version("broadcast", run.broadcast, run.version), Broadcast)
        mailing = parsed(self.definitions.live("mailing"), Mailing)
        moments = waves(broadcast, mailing, local_of(run.occurrence))
        while True:
            page, cursor = members(broadcast.segment, run.cursor, _page_size(broadcast))
            found = by_group(
                candidates_of(member.lead_id for member in page),
                broadcast, mailing, local_of(run.occurrence), moments[run.wave],
            )  # fmt: skip
            now = self.now()
            batches = list(_batches(run, found))
            after = replace(
                run,
                cursor=cursor,
                batches=run.batches + len(batches),
                planned=run.planned + sum(len(batch.leads) for batch in batches),
            )
            at = now
            if cursor is None:
                after, at = _next_wave(after, moments, now)
                if after.state == "testing":
                    at = first_look(broadcast, mailing, run.occurrence)
            is_last = cursor is None or now - began > BUDGET
            writes: list[Write] = []
            for number, batch in enumerate(batches, run.batches):
                writes += batch_writes(run, number, batch, now)
            if is_last:
                after = replace(after, task=run.task + 1)
                writes.append(next_task(after, at, now))
            commit(run, [moved(run, after), *writes])
            if is_last:
                return after.state
            run = after

    # -- review --------------------------------------------------------------------------------------------------------

    def _review(self, run: Run, began: datetime) -> str:
        is_settled = settle(run, lambda: self.now() - began <= BUDGET)
        now = self.now()
        if is_settled:
            commit(run, [moved(run, replace(run, state="done", task=run.task + 1))])
            return "done"
        after = replace(run, task=run.task + 1)
        at = now if is_settled is None else _next_review(run, now)
        if at > datetime.fromisoformat(run.ends or "") + _REVIEWED:
            return "incomplete"
        commit(run, [moved(run, after), next_task(after, at, now)])
        return "sending"


def plan_run(broadcast: Broadcast, mailing: Mailing, local: datetime, now: datetime) -> list[Write]:
    """Nothing when that run exists: an approval has planned it."""
    run = Run(broadcast.id, occurrence_of(local))
    if find_run(run.broadcast, run.occurrence) is not None:
        return []
    return planned_run(run, instants(broadcast, mailing, local)[0] - AHEAD, now)


def _cancelled(run: Run, reason: str) -> Run:
    return replace(run, state="cancelled", reason=reason)


def _page_size(broadcast: Broadcast) -> int:
    return _PAGE_OF_EXPERIMENT if broadcast.experiment and broadcast.local_time == "recipient" else PAGE


def _batches(run: Run, found: Mapping[Group, list[str]]) -> Iterator[BroadcastBatch]:
    for group, leads in sorted(found.items()):
        for start in range(0, len(leads), LARGEST_BATCH):
            part = tuple(leads[start : start + LARGEST_BATCH])
            yield BroadcastBatch(run.broadcast, run.occurrence, group.at, part, group.cell or None)


def _next_wave(run: Run, moments: tuple[datetime, ...], now: datetime) -> tuple[Run, datetime]:
    """The list of members was read. The run afterwards, and when its next task is due."""
    if run.wave + 1 < len(moments):
        return replace(run, wave=run.wave + 1), moments[run.wave + 1] - AHEAD
    return replace(run, state="testing" if run.is_holding else "sending"), now + FIRST_REVIEW


def _next_review(run: Run, now: datetime) -> datetime:
    """Later and later: each review reads a ledger item per email without an outcome; daily at the least."""
    age = now - datetime.fromisoformat(run.began or "")
    return now + min(max(age, FIRST_REVIEW), timedelta(days=1))
