"""Seeded bugs, each a small replacement in one file, and what is expected to notice it.

`seeds` of the simulation and `orders` of a sender and a stop are played until one is broken; `tests` are run instead
where a bug needs a certain question.
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
    orders: int = 0
    tests: tuple[str, ...] = ()


def _mutant(
    name: str, file: str, old: str, new: str, breaks: str, *, seeds: int = 0, orders: int = 0, tests: str = ""
) -> Mutant:
    path = file if file.startswith("functions/") else _SODATE + file
    return Mutant(name, path, ((old, new),), breaks, seeds, orders, tuple(tests.split()))


MUTANTS = (
    # -- what SES tells us ------------------------------------------------------------------------------------------
    _mutant(
        "lower-case-event-type",
        "email/events/event.py",
        'kind = record.get("eventType") or record.get("notificationType")\n',
        'kind = str(record.get("eventType") or record.get("notificationType")).capitalize()\n',
        "DeliveryDelay and Rendering Failure are known to nobody any more",
        tests="tests/unit/email/test_ses_events_are_read.py",
    ),
    _mutant(
        "not-spam-suppresses",
        "email/events/event.py",
        'self.type == "Complaint" and self.feedback_type != "not-spam" and',
        'self.type == "Complaint" and',
        "praise stops the lead for good",
        tests="tests/unit/email/test_ses_events_are_read.py",
    ),
    _mutant(
        "out-of-office-suppresses",
        "email/events/event.py",
        'self.type == "Bounce" and self.bounce_type == "Permanent" and self.sub_type in _ADDRESS_IS_DEAD',
        'self.type == "Bounce" and self.sub_type in _ADDRESS_IS_DEAD',
        "a holiday reply stops the lead for good",
        tests="tests/unit/email/test_ses_events_are_read.py",
    ),
    _mutant(
        "dedupe-key-without-recipient",
        "email/events/event.py",
        'activity_key(self.message_id, self.type, ",".join(sorted(self.recipients)), fact, moment)',
        "activity_key(self.message_id, self.type, fact, moment)",
        "two people's facts about one mail are one fact",
        tests="tests/unit/email/test_event_keys.py",
    ),
    _mutant(
        "dedupe-key-without-time",
        "email/events/event.py",
        "moment = self.at.isoformat() if self.link else None",
        "moment = None",
        "the second click on a link is lost",
        tests="tests/unit/email/test_event_keys.py",
    ),
    # -- opting in and out ------------------------------------------------------------------------------------------
    _mutant(
        "opt-out-without-suppression",
        "consent/unsubscribe.py",
        "    if after.blocked != state.blocked:\n"
        "        writes.append(Put(suppression_item(state.address_key, Block.UNSUBSCRIBED, now)))\n",
        "",
        "an erased and imported lead is mailed again",
        seeds=60,
    ),
    _mutant(
        "opt-out-only-in-the-log",
        "leads/contact_state.py",
        'topics={**self.topics, **dict.fromkeys(topics, "withdrawn")}',
        "topics=self.topics",
        "leaving one topic changes nothing that a claim looks at",
        seeds=60,
    ),
    _mutant(
        "opt-out-does-not-block",
        "leads/contact_state.py",
        "return out.block(Block.UNSUBSCRIBED) if of_everything else out",
        "return out if of_everything else out.block(Block.UNSUBSCRIBED)",
        "leaving everything blocks nothing",
        tests="tests/functions/test_consent_pages.py::test_one_click_stops_everything_without_redirect_or_cookie",
    ),
    _mutant(
        "unsubscribe-on-get",
        "functions/consent_pages/handler.py",
        '"GET /unsubscribe/{token}": get_route(leave.ask),',
        '"GET /unsubscribe/{token}": post_route(leave.unsubscribe),',
        "mail scanners unsubscribe people",
        tests="tests/functions/test_consent_pages.py",
    ),
    _mutant(
        "confirm-on-get",
        "functions/consent_pages/handler.py",
        '"GET /opt-in/{token}": get_route(opt_in.ask),',
        '"GET /opt-in/{token}": get_route(opt_in.confirm),',
        "mail scanners confirm opt-ins",
        tests="tests/functions/test_consent_pages.py",
    ),
    _mutant(
        "old-link-resubscribes",
        "consent/confirm.py",
        "        if _opted_out_since(state, request):\n",
        "        if False:\n",
        "an opt-in mail from before an opt-out leads back",
        tests="tests/functions/test_consent_pages.py::test_an_opt_in_link_from_before_an_opt_out_does_not_resubscribe",
    ),
    _mutant(
        "purpose-is-not-signed",
        "signing.py",
        "list(keys), salt=purpose,",
        'list(keys), salt="link",',
        "an unsubscribe link confirms an opt-in",
        tests="tests/functions/test_consent_pages.py",
    ),
    _mutant(
        "only-the-newest-key-verifies",
        "signing.py",
        "list(keys), salt=purpose,",
        "list(keys)[-1:], salt=purpose,",
        "a rotation kills the unsubscribe links of all mails already sent",
        tests="tests/functions/test_consent_pages.py",
    ),
    # -- the glue ---------------------------------------------------------------------------------------------------
    _mutant(
        "sdk-retries",
        "runtime/aws.py",
        'retries: Any = {"total_max_attempts": 1}',
        'retries: Any = {"total_max_attempts": 3}',
        "the SDK sends again when an answer is lost",
        tests="tests/simulation/test_peers.py",
    ),
    _mutant(
        "failed-record-is-done",
        "runtime/batch.py",
        "        self.failed.append(name)\n        self._troubles",
        "        self._troubles",
        "a record that failed is deleted from its queue",
        seeds=60,
    ),
    _mutant(
        "poison-stops-the-batch",
        "runtime/batch.py",
        "        except (Invalid, NotFound) as error:\n"
        "            outcome = self._set_aside(name, content, str(error))\n",
        "        except (Invalid, NotFound) as error:\n            outcome = self._fails(name, error)\n",
        "one unreadable message comes again for ever",
        tests="tests/functions/test_email_events.py::test_a_poison_event_among_valid_ones_becomes_a_dead_letter_with_its_reason",
    ),
    # -- claim ------------------------------------------------------------------------------------------------------
    _mutant(
        "no-claim",
        "email/delivery/send_batch.py",
        "        return decision is None\n",
        "        return True\n",
        "every delivery of a message sends",
        seeds=60,
    ),
    _mutant(
        "claim-without-consent",
        "email/eligibility/store.py",
        '& (StateItem.topics[topic] == "confirmed")',
        '& ((StateItem.topics[topic] == "confirmed") | StateItem.pk.exists())',
        "who left the topic is mailed",
        orders=500,
    ),
    _mutant(
        "claim-ignores-blocked",
        "email/eligibility/store.py",
        "        StateItem.blocked.does_not_exist()\n",
        "        (StateItem.blocked.does_not_exist() | StateItem.pk.exists())\n",
        "who complained or bounced is mailed",
        orders=500,
    ),
    _mutant(
        "claim-ignores-pause",
        "email/eligibility/store.py",
        '(StateItem.pause_until <= text("now")))',
        '(StateItem.pause_until <= text("now")) | StateItem.pk.exists())',
        "who asked for a pause is mailed",
        orders=1500,
    ),
    _mutant(
        "claim-ignores-caps",
        "email/eligibility/store.py",
        '(oldest <= number(f"limit{index}"))',
        '(oldest <= number(f"limit{index}")) | StateItem.pk.exists()',
        "caps are stored and never asked",
        seeds=60,
    ),
    _mutant(
        "claim-ignores-frequency",
        "email/eligibility/store.py",
        "kept: Condition = StateItem.frequency",
        "kept: Condition = StateItem.pk.exists() | StateItem.frequency",
        "one mail a week was asked for, more come",
        orders=1500,
    ),
    _mutant(
        "claim-does-not-advance",
        "scenarios/enrollment_source.py",
        '"then": self._then}',
        '"then": self.batch.step}',
        "a claim can be taken twice",
        seeds=60,
    ),
    _mutant(
        "pass-over-in-two-writes",
        "email/eligibility/claim.py",
        "        table.commit([advance, Put(",
        "        table.commit([advance])\n        table.commit([Put(",
        "a crash between the two leaves a step without a word",
        seeds=120,
    ),
    # -- the order of writes ----------------------------------------------------------------------------------------
    _mutant(
        "no-next-due-entry",
        "email/delivery/send_batch.py",
        "            self.source.plan_successors(wanted, now)\n",
        "",
        "runs stop after their first step",
        seeds=30,
    ),
    _mutant(
        "no-watch-entry",
        "email/delivery/send_batch.py",
        "            self.source.watch(wanted, name, now, now)\n",
        "",
        "a crash after the claim is seen by nobody",
        orders=1500,
    ),
    _mutant(
        "watch-entry-forgets-the-unclear",
        "email/delivery/send_batch.py",
        "self.source.watch(self.outcomes.unclear, name",
        "self.source.watch([], name",
        "a lost answer is seen by nobody",
        seeds=60,
    ),
    _mutant(
        "claim-with-a-lost-answer-is-forgotten",
        "email/delivery/send_batch.py",
        "            case AlreadyClaimed():\n                self.outcomes.unclear.append(request)\n",
        "            case AlreadyClaimed():\n",
        "a claim that the SDK asked for twice is seen by nobody",
        seeds=800,
    ),
    _mutant(
        "give-back-without-a-way-back",
        "email/delivery/send_batch.py",
        "        self.source.plan(requests, at or now, now)\n        for request in requests:\n",
        "        for request in requests:\n",
        "a throttled mail is never tried again",
        seeds=60,
    ),
    _mutant(
        "cursor-before-hand-over",
        "scheduling/dispatch.py",
        "        before = tick.handed_over\n        for shard in range(lane.shards):\n",
        "        before = tick.handed_over\n        cursors.move(lane, Position(minute), write=True)\n"
        "        for shard in range(lane.shards):\n",
        "a crash in a tick skips what it had read (listmonk issue 3022)",
        seeds=120,
    ),
    # -- SES --------------------------------------------------------------------------------------------------------
    _mutant(
        "timeout-is-deferred",
        "email/delivery/ses.py",
        "        except BotoCoreError as error:\n            return Answer(Verdict.AMBIGUOUS",
        "        except BotoCoreError as error:\n            return Answer(Verdict.DEFERRED",
        "a mail whose answer was lost is sent again",
        orders=1500,
    ),
    _mutant(
        "server-error-is-rejected",
        "email/delivery/ses_answers.py",
        '"InternalFailure": _PERHAPS_TAKEN',
        '"InternalFailure": _THIS_EMAIL',
        "a mail that went out is called failed",
        tests="tests/functions/test_send_protocol.py",
    ),
    _mutant(
        "throttled-is-failed",
        "email/delivery/ses_answers.py",
        "_THROTTLED = Meaning(Verdict.DEFERRED)",
        "_THROTTLED = Meaning(Verdict.REJECTED)",
        "a mail that came too fast is given up",
        tests="tests/functions/test_send_protocol.py::test_a_deferred_send_is_tried_again_and_sent_once",
    ),
    _mutant(
        "status-of-each-entry-ignored",
        "email/delivery/ses.py",
        "    if meaning.verdict == Verdict.ACCEPTED:\n"
        '        return Answer(Verdict.ACCEPTED, message_id=str(result["MessageId"]))',
        '    if status:\n        return Answer(Verdict.ACCEPTED, message_id=str(result.get("MessageId")))',
        "what SES refused is called sent",
        seeds=60,
    ),
    _mutant(
        "answers-in-another-order",
        "email/delivery/ses.py",
        '[_entry_answer(result, sender) for result in reply["BulkEmailEntryResults"]]',
        '[_entry_answer(result, sender) for result in reversed(reply["BulkEmailEntryResults"])]',
        "one lead's refusal is written to another",
        seeds=300,
    ),
    _mutant(
        "link-of-another-lead",
        "email/delivery/marketing_email.py",
        "self.links.unsubscribe(profile.lead_id,",
        'self.links.unsubscribe("01SIM000000000000000000001",',
        "the unsubscribe link stops somebody else",
        seeds=120,
        orders=500,
    ),
    _mutant(
        "tag-of-another-send",
        "scenarios/compose.py",
        '            "send_id": send_id,\n',
        '            "send_id": batch.ref(batch.enrollments[0]).send_id,\n',
        "events settle somebody else's send",
        seeds=300,
    ),
    # -- afterwards -------------------------------------------------------------------------------------------------
    _mutant(
        "sweeper-sends-again",
        "email/delivery/sweep.py",
        '    return list_unknown([send for send in stored if send.state != "unknown"], entry.began, now)\n',
        "    batch = entry.check(unclear, now).batch\n"
        "    due.plan(now, due.STEP, batch.id, batch, now)\n"
        '    release = __import__("sodate.email.eligibility.claim", fromlist=["release"]).release\n'
        '    change = __import__("sodate.scenarios.store", fromlist=["step_change"]).step_change\n'
        "    moved = (batch.step + 1, batch.step)\n"
        "    left = batch.enrollments\n"
        "    return len([release(change(e.lead_id, batch.sequence, e.enrollment_id, *moved), now) for e in left])\n",
        "marketing mail of unknown outcome is repeated",
        seeds=120,
    ),
    _mutant(
        "event-rank-inverted",
        "email/ledger/store.py",
        '_LOWER = SendItem.rank < number("rank")',
        '_LOWER = SendItem.rank > number("rank")',
        "an earlier state wins over a later one",
        seeds=60,
    ),
    _mutant(
        "event-does-not-wait-for-its-item",
        "email/events/apply_event.py",
        "_WRITER_LIVES = timedelta(minutes=3)",
        "_WRITER_LIVES = timedelta(minutes=-2)",
        "the sender overwrites what SES told meanwhile",
        orders=1500,
    ),
    _mutant(
        "report-on-a-planned-item",
        "email/events/apply_event.py",
        "    wait_for_sender = _is_marketing(event) and _may_be_written(event, now)\n",
        "    wait_for_sender = False\n",
        "a report that overtakes a lost answer is overwritten, and the email is sent again",
        tests="tests/functions/test_send_protocol.py",
    ),
    _mutant(
        "stop-without-block",
        "email/events/apply_event.py",
        "        writes.append(state_change(state, state.block(stop)))\n",
        "",
        "who complained is mailed again",
        seeds=60,
    ),
    _mutant(
        "stop-without-suppression",
        "email/events/apply_event.py",
        "        writes.append(Put(suppression_item(state.address_key, stop, now)))\n",
        "",
        "an erased and imported complainer is mailed again",
        seeds=60,
    ),
    _mutant(
        "unknown-in-two-writes",
        "email/operator_lists/unknown.py",
        "            table.commit([write for send in left for write in _listed(send, attempted, now)])\n",
        "            for send in left:\n"
        "                for write in _listed(send, attempted, now):\n"
        "                    table.commit([write])\n",
        "a crash between the two leaves an unknown send on no list",
        tests="tests/store/test_unknown_list.py",
    ),
    # -- scoring ----------------------------------------------------------------------------------------------------
    _mutant(
        "late-is-folded-on-top",
        "scoring/engine.py",
        "if is_late or ",
        "if ",
        "a repeat counts twice, and a late activity at the wrong time",
        seeds=60,
    ),
    _mutant(
        "told-at-every-fold",
        "scoring/rescore.py",
        "            rises = score_state.hot and not snapshot.hot\n",
        "            rises = score_state.hot\n",
        "sales is called for every click of a lead that is hot anyway",
        seeds=60,
    ),
    _mutant(
        "score-over-a-newer-one",
        "scoring/store.py",
        "table.put_row(score, _SAME_VERSION, was=was)",
        "table.put_row(score)",
        "of two folds at once the second forgets what the first knew",
        tests="tests/functions/test_stream_functions.py",
    ),
    _mutant(
        "decay-is-not-planned",
        "scoring/rescore.py",
        "    due.plan(moment(transition), due.DECAY, lead_id, ScoreDecay(lead_id), now)\n",
        "",
        "who does nothing stays hot for ever",
        tests="tests/functions/test_score_decay.py",
    ),
    _mutant(
        "judged-but-counted",
        "scoring/engine.py",
        "counting = [activity for activity in ordered if activity.key not in robots]",
        "counting = ordered",
        "a robot's clicks stay in the score",
        tests="tests/unit/scoring/test_scoring_engine.py::test_a_robots_click_counts_no_more_and_a_later_verdict_brings_it_back",
    ),
    _mutant(
        "backfill-of-an-older-version-counts",
        "segments/backfill.py",
        "latest.segments_version < version",
        "latest.segments_version < 1",
        "a broadcast goes to a new segment before every lead was looked at, and nobody says so",
        tests="tests/functions/test_backfill_by_apply.py",
    ),
    _mutant(
        "a-date-entry-needs-no-backfill",
        "authoring/affected.py",
        'return kind == "segments" or bool(new and old != new)',
        'return kind == "segments"',
        "leads that have the date already never enter",
        tests="tests/functions/test_backfill_by_apply.py",
    ),
    _mutant(
        "a-known-row-is-not-put-on-the-list",
        "imports/row.py",
        "        *([row.segments] if row.segments else []),\n",
        "",
        "leads that were imported before are missing on a list that a file is imported to",
        tests="tests/functions/test_import.py",
    ),
    _mutant(
        "any-segment-is-a-list",
        "imports/references.py",
        "for segment in segments if segment.when is None]",
        "for segment in segments]",
        "an import says that it puts leads into a segment whose condition decides",
        tests="tests/functions/test_import.py",
    ),
)

from tests.mutants.bad_days_abuse import ABUSE  # noqa: E402  they need `Mutant`
from tests.mutants.bad_days_alarms import ALARM_MUTANTS  # noqa: E402
from tests.mutants.bad_days_delivery import DELIVERY  # noqa: E402
from tests.mutants.bad_days_doctor import DOCTOR  # noqa: E402
from tests.mutants.bad_days_optout import OPT_OUT  # noqa: E402
from tests.mutants.bad_days_redrive import REDRIVE  # noqa: E402
from tests.mutants.bad_days_releases import RELEASES  # noqa: E402
from tests.mutants.bad_days_rotation import ROTATION  # noqa: E402
from tests.mutants.broadcasts import BROADCASTS  # noqa: E402
from tests.mutants.calls import CALLS  # noqa: E402
from tests.mutants.campaigns import CAMPAIGNS  # noqa: E402
from tests.mutants.checks import CHECKS  # noqa: E402
from tests.mutants.companies import COMPANIES  # noqa: E402
from tests.mutants.deals import DEALS  # noqa: E402
from tests.mutants.deciding import DECIDING  # noqa: E402
from tests.mutants.experiments import EXPERIMENTS  # noqa: E402
from tests.mutants.first_imports import FIRST_IMPORTS  # noqa: E402
from tests.mutants.form_pages import FORM_PAGES  # noqa: E402
from tests.mutants.kpi_money import KPI_MONEY  # noqa: E402
from tests.mutants.kpis import KPIS  # noqa: E402
from tests.mutants.messages import MESSAGES  # noqa: E402
from tests.mutants.pages import PAGES  # noqa: E402
from tests.mutants.privacy import PRIVACY  # noqa: E402
from tests.mutants.rehearsal_report import REHEARSAL_REPORT  # noqa: E402
from tests.mutants.replies import REPLIES  # noqa: E402
from tests.mutants.reports import REPORTS  # noqa: E402
from tests.mutants.robots import ROBOTS  # noqa: E402
from tests.mutants.scenario_days import SCENARIO_DAYS  # noqa: E402
from tests.mutants.scenario_engine import ENGINE  # noqa: E402
from tests.mutants.scenario_entries import SCENARIO_ENTRIES  # noqa: E402
from tests.mutants.templates import TEMPLATES  # noqa: E402
from tests.mutants.tracking import TRACKING  # noqa: E402

MUTANTS += ABUSE + ALARM_MUTANTS + DELIVERY + DOCTOR + OPT_OUT + REDRIVE + RELEASES + ROTATION + DECIDING + ENGINE
MUTANTS += BROADCASTS + EXPERIMENTS + SCENARIO_DAYS + SCENARIO_ENTRIES + REHEARSAL_REPORT + TEMPLATES
MUTANTS += CALLS + CHECKS + CAMPAIGNS
MUTANTS += TRACKING
MUTANTS += ROBOTS
MUTANTS += PRIVACY
MUTANTS += DEALS
MUTANTS += COMPANIES
MUTANTS += KPIS
MUTANTS += REPLIES
MUTANTS += REPORTS
MUTANTS += KPI_MONEY
MUTANTS += MESSAGES
MUTANTS += PAGES
MUTANTS += FIRST_IMPORTS
MUTANTS += FORM_PAGES
