"""Erases one lead everywhere: ledger, block, lists, quarantine, files, dead letters, partition. Idempotent, resumable.

No email is sent after the block is committed: STATE is what every claim is conditioned on, and it goes last. The ledger
says that the erasure began before anything is gone, so `replay` can finish what died in between.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sodate.campaigns.forget import forget as forget_campaigns
from sodate.campaigns.store import memberships
from sodate.consent.store import ConsentItem, minimal_evidence
from sodate.deals.forget import forget_words, words_about
from sodate.dynamodb import keys, table
from sodate.dynamodb.item import Row, decode, encode
from sodate.errors import Conflict, NotFound, Transient
from sodate.forms.store import QUARANTINE_KEPT, SubmissionItem
from sodate.leads.address import external_key
from sodate.leads.merged import lead_that_stays
from sodate.leads.store import find_state
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.privacy.block import block_for_erasure, suppress_erased
from sodate.privacy.erasure import Erased, ErasurePlan, counted, is_reduced
from sodate.privacy.files import FilesNamed, ImportFiles
from sodate.privacy.find import LeadData, find_lead_data, key_of, kind_of, request_key
from sodate.privacy.ledger import Erasure, ErasureLedger
from sodate.privacy.letters import DeadLetters
from sodate.privacy.links import REQUESTS
from sodate.privacy.mention import Subject, is_named, is_named_in_message
from sodate.replies.bucket import ReplyBucket
from sodate.replies.forget import forget_replies
from sodate.sales.store import unload
from sodate.tracking.forget import forget_visits, visits_of_lead

Match = Callable[[Subject, str, bytes], bool]
_ROUNDS = 5
#: Personal data goes first; STATE, whose block stops all email, goes last.
_FIRST, _LAST = ("PROFILE", keys.SUBMISSIONS), keys.STATE


@dataclass(frozen=True)
class Eraser:
    """`secret`: of the HMAC of addresses. `retention`: how long proof of consent is kept after an erasure.

    `raw_emails`: of replies; None on a stage that receives no email.
    """

    definitions: Definitions
    secret: bytes
    ledger: ErasureLedger
    files: ImportFiles
    dead_letters: DeadLetters
    retention: timedelta
    now: datetime
    raw_emails: ReplyBucket | None = None

    def plan(self, lead_id: str, address_key: str) -> ErasurePlan:
        """What an erasure would remove now. `address_key`: HMAC of the address; empty for a lead without one.

        Raises: `Conflict` for a lead that was merged into another one, which has copies of it; `Transient`.
        """
        _check_is_not_merged(lead_id)
        data = self._data(lead_id)
        subject = subject_of(data, address_key, self.secret)
        own = [kind_of(row) for one in data for row in one.own]
        files = self.files.named(self._names(subject))
        return ErasurePlan(
            lead_id,
            data[0].merged,
            counted(kind for kind in own if not is_reduced(kind)),
            sum(map(is_reduced, own)),
            counted([*(kind_of(row) for one in data for row in one.elsewhere), *self._beside(data)]),
            len(self._quarantined(subject)),
            files.finished,
            files.running,
            self.dead_letters.count(self._names(subject, is_named_in_message)),
        )

    def erase(
        self, lead_id: str, address_key: str, because: str, by: str, may_begin: Callable[[], None] = lambda: None
    ) -> Erased:
        """Do it, or what an earlier attempt left. `because`: a code (`erasure.checked_because`).

        `may_begin` is called directly before a new erasure is written down, and raises to prevent it.

        Raises: `Conflict` as `plan`; `Transient`, and what was done stays done.
        """
        _check_is_not_merged(lead_id)
        data = self._data(lead_id)
        subject = subject_of(data, address_key, self.secret)
        leads, addresses = (lead_id, *sorted(subject.lead_ids - {lead_id})), tuple(sorted(subject.address_keys))
        wanted = Erasure(leads, addresses, self.now, because, by, tuple(sorted(subject.external_keys)))
        if self.ledger.find(lead_id) is None:
            may_begin()
        erasure, is_new = self.ledger.begin(wanted)
        return self._carry_out(lead_id, _subject(erasure), is_repeat=not is_new)

    def replay(self, erasure: Erasure, done_at: datetime | None) -> Erased:
        """Erase again what a restored table brought back. Without effect where nothing came back.

        `done_at`: when it came to its end, which may be days after its begin: what came in between was erased too. What
        came later is of what the person did since, and stays; so do files and dead letters, which no restore brings
        back. None: it did not come to its end.

        Raises: `Transient`.
        """
        return self._carry_out(erasure.lead_id, _subject(erasure), is_repeat=True, until=done_at)

    def _carry_out(self, lead_id: str, subject: Subject, *, is_repeat: bool, until: datetime | None = None) -> Erased:
        """`until`: doubtful posts since then stay, and so do files and dead letters; None: everything goes."""
        names = self._names(subject)
        for each in sorted(subject.lead_ids):
            block_for_erasure(each, self.retention, self.now)
        suppress_erased(subject, self.now)
        counts = {"lists": sum(self._clear_lists(each) for each in sorted(subject.lead_ids))}
        quarantined = self._quarantined(subject, until)
        table.delete_many(key_of(row) for row in quarantined)
        counts["quarantined"] = len(quarantined)
        files = self.files.named(names) if until is None else FilesNamed((), ())
        counts["files"] = self.files.remove(files.finished)
        in_message = self._names(subject, is_named_in_message)
        counts["dead_letters"] = self.dead_letters.remove(in_message) if until is None else 0
        counts["items"] = sum(self._clear_partition(each) for each in sorted(subject.lead_ids))
        if not files.running:
            self.ledger.finish(lead_id, counts, self.now)
            # The lead's own request goes last: as long as it is there, the next run goes on.
            table.delete_many(request_key(each, what) for each in sorted(subject.lead_ids) for what in REQUESTS)
        return Erased(lead_id, counts, files.running, is_repeat)

    def _data(self, lead_id: str) -> list[LeadData]:
        """Of the lead, and of those merged into it."""
        data = find_lead_data(lead_id, self.definitions)
        return [data, *(find_lead_data(merged, self.definitions) for merged in data.merged)]

    def _beside(self, data: list[LeadData]) -> list[str]:
        """Kinds of the items that other rooms find and forget by themselves."""
        campaigns = self.definitions.newest_versions("campaign")
        members = ["campaignmember" for one in data for _ in memberships(one.lead_id, campaigns)]
        words = ["dealchange" for one in data for _ in range(words_about(one.lead_id))]
        return members + words + ["session" for one in data for _ in visits_of_lead(one.lead_id)]

    def _names(self, subject: Subject, match: Match = is_named) -> Callable[[str], bool]:
        return lambda text: match(subject, text, self.secret)

    # -- steps ---------------------------------------------------------------------------------------------------------

    def _clear_lists(self, lead_id: str) -> int:
        data = find_lead_data(lead_id, self.definitions)
        for owner, reference in data.loads:
            unload(owner, reference)
        table.delete_many(key_of(row) for row in data.elsewhere if kind_of(row) != "privacyrequest")
        forget_campaigns(lead_id, self.definitions)
        replies = forget_replies(lead_id, self.raw_emails, self.now)
        return len(data.elsewhere) + forget_visits(lead_id) + replies + forget_words(lead_id)

    def _quarantined(self, subject: Subject, until: datetime | None = None) -> list[Row]:
        """Posts of every month that the quarantine keeps, as far as they came before `until`."""
        # A post has no ids of other systems: an equal number in it is a chance.
        names, rows = self._names(replace(subject, external_keys=frozenset())), list[Row]()
        for month in _months(self.now - QUARANTINE_KEPT, self.now):
            for row in table.rows_of(keys.quarantine(month), keys.SUBMISSIONS):
                item = decode(SubmissionItem, row)
                is_older = until is None or datetime.fromisoformat(item.at) <= until
                if is_older and names(f"{item.answers} {item.source or ''}"):
                    rows.append(row)
        return rows

    def _clear_partition(self, lead_id: str) -> int:
        """Delete all but the minimal proof of consent; again until nothing of a concurrent writer is left."""
        until, count = self.now + self.retention, 0
        for _ in range(_ROUNDS):
            forget_visits(lead_id)  # a visitor may be identified until STATE is gone
            rows = list(table.rows_of(keys.lead(lead_id)))
            evidence = {key_of(row): _reduced(row, until) for row in rows if is_reduced(kind_of(row))}
            gone = [key for row in rows if evidence.get(key := key_of(row)) is None]
            changed = [new for row in rows if (new := evidence.get(key_of(row))) is not None and new != row]
            if not gone and not changed:
                return count
            table.put_many(changed)
            table.delete_many(sorted(gone, key=_order))
            count += len(gone)
        raise Transient(
            Message("lead {lead_id} is written while it is erased; run the same command again", lead_id=lead_id)
        )


def _check_is_not_merged(lead_id: str) -> None:
    stays = lead_that_stays(find_state(lead_id))
    if stays is not None:
        raise Conflict(
            Message(
                "lead {lead_id} was merged into lead {stays}: erase that one, or undo the merge first",
                lead_id=lead_id,
                stays=stays,
            )
        )


def subject_of(data: list[LeadData], address_key: str, secret: bytes) -> Subject:
    """`address_key`: of the lead, where its items do not say it any more; empty for none."""
    known = {address_key, *(one.address_key for one in data)} - {""}
    ids = {(source, external_key(source, one_id, secret)) for one in data for source, one_id in one.external.items()}
    return Subject(frozenset(one.lead_id for one in data), frozenset(known), frozenset(ids))


def _subject(erasure: Erasure) -> Subject:
    return Subject(frozenset(erasure.lead_ids), frozenset(erasure.address_keys), frozenset(erasure.external_keys))


def replay_all(eraser: Eraser) -> Iterator[Erased]:
    """After a restore: every erasure of the ledger is carried out once more, unfinished ones too.

    Raises: `NotFound` for an empty ledger: a wrong bucket looks like it.
    """
    erasures = list(eraser.ledger.erasures())
    if not erasures:
        raise NotFound(Message("the erasure ledger is empty; look whether --stage and the bucket are the right ones"))
    for erasure, is_done in erasures:
        yield eraser.replay(erasure, eraser.ledger.done_at(erasure.lead_id) if is_done else None)


def _reduced(row: Row, until: datetime) -> Row | None:
    item = minimal_evidence(decode(ConsentItem, row), until)
    return encode(item) if item is not None else None


def _order(key: tuple[str, str]) -> tuple[int, str]:
    sk = key[1]
    return (0 if sk.startswith(_FIRST) else 2 if sk == _LAST else 1), sk


def _months(first: datetime, last: datetime) -> Iterator[datetime]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
