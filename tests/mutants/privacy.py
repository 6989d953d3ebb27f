"""Seeded bugs in erasures, merges, exports and in what leads do by themselves."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_ERASE, _CANARY = "tests/functions/test_erase.py", "tests/functions/test_erase_leaves_no_canary.py"
_REVIEW = "tests/functions/test_privacy_review.py"
_MERGE, _UNIT = "tests/functions/test_merge.py", "tests/unit/privacy/test_merging.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=tests)


PRIVACY = (
    _mutant(
        "an-erasure-withdraws-nothing",
        "privacy/block",
        "return [state_change(state, after), Put(consent_item(evidence, key, now + retention))]",
        "return [state_change(state, after)]",
        "an opt-in link that is out undoes the block of an erasure that died",
        _ERASE,
    ),
    _mutant(
        "proof-keeps-its-page-and-note",
        "consent/store",
        "item.page_url = item.note = None",
        "pass",
        "what an operator noted of a person outlives the erasure",
        _CANARY,
    ),
    _mutant(
        "an-import-makes-an-erased-lead-again",
        "imports/decide",
        """raise RowRejected(
            "",
            Message(
                "lead {lead_id} was erased and is not made again by an import", lead_id=known.by_email or known.by_id
            ),
        )""",
        "return _create(context, row, known, new_id())",
        "the next file of the CRM brings the erased lead back",
        _CANARY,
    ),
    _mutant(
        "a-replay-suppresses-who-came-back",
        "privacy/block",
        "if owner_of(address_key) not in (None, *subject.lead_ids):",
        "if owner_of(address_key) == address_key:",
        "a person who came back after the erasure gets no email any more",
        _ERASE,
    ),
    _mutant(
        "only-the-current-version-of-a-file-goes",
        "privacy/files",
        "for version in self._versions(key):\n                    self.client",
        "for version in self._versions(key)[:0] or [{}]:\n                    self.client",
        "the deleted file is still there in an older version",
        _CANARY,
    ),
    _mutant(
        "the-ledger-is-written-at-the-end",
        "privacy/erase",
        "erasure, is_new = self.ledger.begin(wanted)",
        "erasure, is_new = wanted, True",
        "a restore brings erased leads back and nobody knows of them",
        _ERASE,
    ),
    _mutant(
        "an-unmerge-loosens-an-opt-out",
        "privacy/merging",
        "if _consent(now) == before.merged:",
        "if before.merged:",
        "who opted out after a merge is emailed again when it is undone",
        _UNIT,
    ),
    _mutant(
        "a-merge-forgets-the-emails-of-the-other-lead",
        "privacy/merging",
        "mailed=_newest_first(stays.mailed, joins.mailed),",
        "mailed=stays.mailed,",
        "a merged person gets twice as many emails as the caps allow",
        _UNIT,
    ),
    _mutant(
        "copies-start-scenarios",
        "activities/store",
        'return "copied_from" in image',
        "return False",
        "a merge is a flood of old activities to which scenarios react",
        _MERGE,
    ),
    _mutant(
        "a-mailed-link-never-ends",
        "privacy/links",
        "ACT_LIFETIME = timedelta(hours=24)",
        "ACT_LIFETIME = timedelta(days=365)",
        "who finds an old email downloads everything about its lead",
        "tests/functions/test_self_service.py",
    ),
    _mutant(
        "an-opt-out-of-a-merged-lead-stays-with-it",
        "consent/unsubscribe",
        "if stays is not None:\n                changed |= _unsubscribe(",
        "if stays == opt_out.lead_id:\n                changed |= _unsubscribe(",
        "who stops by an old email gets the next one at the address that stays",
        _MERGE,
    ),
    _mutant(
        "words-of-a-deal-outlive-the-erasure",
        "privacy/erase",
        "replies + forget_words(lead_id)",
        "replies",
        "why a deal was lost still says who the erased person was",
        _ERASE,
    ),
    _mutant(
        "an-id-of-another-system-is-nobody",
        "privacy/mention",
        "bool(subject.external_keys) and _has_external(",
        "not subject.external_keys and _has_external(",
        "the import file of a lead without an address stays",
        _ERASE,
    ),
    _mutant(
        "the-ledger-forgets-who-was-merged-meanwhile",
        "privacy/ledger",
        "if known != stored:",
        "if known == stored:",
        "a restore brings back the lead that was merged after a first attempt",
        _ERASE,
    ),
    _mutant(
        "an-equal-number-deletes-a-letter",
        "privacy/mention",
        "if isinstance(one, str | int) and (key in _ID_KEYS or key in sources):",
        "if isinstance(one, str | int):",
        "the dead letter of another lead goes because its amount is equal to an id",
        _ERASE,
    ),
    _mutant(
        "a-replay-ends-where-the-erasure-began",
        "privacy/erase",
        "eraser.ledger.done_at(erasure.lead_id) if is_done else None",
        "erasure.at if is_done else None",
        "a restore brings back what the erasure had erased after its begin",
        _ERASE,
    ),
    _mutant(
        "a-night-erases-everybody",
        "privacy/carry_out",
        "if not store.count_erasure(",
        "if lead_id is None and not store.count_erasure(",
        "whoever has the signing key erases thousands before a person wakes up",
        _REVIEW,
    ),
    _mutant(
        "an-erasure-does-not-wait",
        "privacy/request",
        "return Step.DUE if self.due_at(policy) <= now else Step.LATER",
        "return Step.DUE",
        "nobody can withdraw a request that somebody else made with an open mailbox",
        _REVIEW,
    ),
    _mutant(
        "a-request-goes-before-its-erasure",
        "privacy/erase",
        ' if kind_of(row) != "privacyrequest")',
        ")",
        "an erasure that fails midway is never tried again",
        _REVIEW,
    ),
    _mutant(
        "who-came-back-is-erased",
        "privacy/request",
        "if self.came_back:",
        "if self.came_back and policy.erase_after_days > 99:",
        "a lead that opted in again is erased by its old request",
        _REVIEW,
    ),
    _mutant(
        "a-second-press-uses-up-an-email-of-the-day",
        "privacy/ask",
        "if find_send(state.lead_id, name) is not None:",
        "if find_send(state.lead_id, name) == name:",
        "who presses the button twice gets no link tomorrow morning",
        "tests/functions/test_self_service.py",
    ),
)
