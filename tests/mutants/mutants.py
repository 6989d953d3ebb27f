"""Seeded bugs, each a small replacement in one file, and what is expected to notice it.

`seeds` of the simulation are played until one is broken; `tests` are run instead where a bug needs a certain question.
"""

from dataclasses import dataclass

_SODATE = "layers/sodate/python/sodate/"


@dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    replacements: tuple[tuple[str, str], ...]
    breaks: str
    seeds: int = 0
    tests: tuple[str, ...] = ()


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *, seeds: int = 0, tests: str = "") -> Mutant:
    path = file if file.startswith("functions/") else _SODATE + file
    return Mutant(name, path, ((old, new),), breaks, seeds, tuple(tests.split()))


MUTANTS = (
    # -- what SES tells us ------------------------------------------------------------------------------------------
    _mutant(
        "lower-case-event-type",
        "mail/events.py",
        'kind = record.get("eventType") or record.get("notificationType")\n',
        'kind = str(record.get("eventType") or record.get("notificationType")).capitalize()\n',
        "DeliveryDelay and Rendering Failure are known to nobody any more",
        tests="tests/unit/mail/test_ses_events_are_read.py",
    ),
    _mutant(
        "not-spam-suppresses",
        "mail/events.py",
        'self.type == "Complaint" and self.feedback_type != "not-spam" and',
        'self.type == "Complaint" and',
        "praise stops the lead for good",
        tests="tests/unit/mail/test_ses_events_are_read.py",
    ),
    _mutant(
        "out-of-office-suppresses",
        "mail/events.py",
        'self.type == "Bounce" and self.bounce_type == "Permanent" and self.sub_type in _ADDRESS_IS_DEAD',
        'self.type == "Bounce" and self.sub_type in _ADDRESS_IS_DEAD',
        "a holiday reply stops the lead for good",
        tests="tests/unit/mail/test_ses_events_are_read.py",
    ),
    _mutant(
        "dedupe-key-without-recipient",
        "mail/events.py",
        'activity_key(self.message_id, self.type, ",".join(sorted(self.recipients)), fact, moment)',
        "activity_key(self.message_id, self.type, fact, moment)",
        "two people's facts about one mail are one fact",
        tests="tests/unit/mail/test_event_keys.py",
    ),
    _mutant(
        "dedupe-key-without-time",
        "mail/events.py",
        "moment = self.at.isoformat() if self.link else None",
        "moment = None",
        "the second click on a link is lost",
        tests="tests/unit/mail/test_event_keys.py",
    ),
    # -- opting in and out ------------------------------------------------------------------------------------------
    _mutant(
        "opt-out-without-suppression",
        "consent/unsubscribe.py",
        "    if stops:\n        writes.append(Put(suppression_item(state.address_key, UNSUBSCRIBED, now)))\n",
        "",
        "an erased and imported lead is mailed again",
        tests="tests/functions/test_consent_pages.py",
    ),
    _mutant(
        "opt-out-only-in-the-log",
        "consent/unsubscribe.py",
        'actions: list[Action] = [StateItem.topics[topic].set("withdrawn") for topic in topics]',
        "actions: list[Action] = [StateItem.topics[topic].set(state.topics[topic]) for topic in topics]",
        "leaving one topic changes nothing that a claim looks at",
        seeds=60,
    ),
    _mutant(
        "opt-out-does-not-block",
        "consent/unsubscribe.py",
        "    stops = everything and state.blocked is None\n    if stops:",
        "    stops = everything and state.blocked is None\n    if not everything:",
        "leaving everything blocks nothing",
        tests="tests/functions/test_consent_pages.py",
    ),
    _mutant(
        "unsubscribe-on-get",
        "functions/consent_pages/handler.py",
        '"GET /unsubscribe/{token}": ask_unsubscribe,',
        '"GET /unsubscribe/{token}": unsubscribe,',
        "mail scanners unsubscribe people",
        tests="tests/functions/test_consent_pages.py",
    ),
    _mutant(
        "confirm-on-get",
        "functions/consent_pages/handler.py",
        '"GET /opt-in/{token}": ask_opt_in,',
        '"GET /opt-in/{token}": confirm,',
        "mail scanners confirm opt-ins",
        tests="tests/functions/test_consent_pages.py",
    ),
    _mutant(
        "old-link-resubscribes",
        "consent/confirm.py",
        "        if _left_since(state, request):\n",
        "        if False:\n",
        "an opt-in mail from before an opt-out leads back",
        tests="tests/functions/test_consent_pages.py",
    ),
    _mutant(
        "purpose-is-not-signed",
        "signing.py",
        "list(self.keys), salt=purpose,",
        'list(self.keys), salt="link",',
        "an unsubscribe link confirms an opt-in",
        tests="tests/functions/test_consent_pages.py",
    ),
    _mutant(
        "only-the-newest-key-verifies",
        "signing.py",
        "list(self.keys), salt=purpose,",
        "list(self.keys)[-1:], salt=purpose,",
        "a rotation kills the unsubscribe links of all mails already sent",
        tests="tests/functions/test_consent_pages.py",
    ),
    # -- the glue ---------------------------------------------------------------------------------------------------
    _mutant(
        "sdk-retries",
        "runtime/container.py",
        'retries={"total_max_attempts": 1}',
        'retries={"total_max_attempts": 3}',
        "the SDK sends again when an answer is lost",
        tests="tests/simulation/test_peers.py",
    ),
    _mutant(
        "failed-record-is-done",
        "runtime/batch.py",
        '"why": f"{type(error).__name__}: {error}"[:300]})\n        failed.append(name)',
        '"why": f"{type(error).__name__}: {error}"[:300]})',
        "a record that failed is deleted from its queue",
        seeds=60,
    ),
    _mutant(
        "poison-stops-the-batch",
        "runtime/batch.py",
        "    except (Invalid, NotFound) as error:\n        try:",
        "    except (Invalid, NotFound) as error:\n        raise\n        try:",
        "one unreadable message fails its healthy neighbours for ever",
        tests="tests/functions/test_email_events.py",
    ),
)
