"""Seeded bugs in the verdicts on opens and clicks."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_ROBOTS = "tests/functions/test_robots.py"
_VERDICTS = "tests/unit/email/test_robot_verdicts.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, tests: str) -> Mutant:
    path = file if file.startswith("functions/") else f"{_SODATE}{file}"
    return Mutant(name, path, ((old, new),), breaks, tests=(tests,))


ROBOTS = (
    _mutant(
        "a-click-triggers-at-once",
        "email/events/verdicts.py",
        "        if ready_at <= now:\n",
        "        if ready_at <= now or ready_at:\n",
        "a gateway's first link counts before its second shows",
        _ROBOTS,
    ),
    _mutant(
        "a-click-that-waits-is-finished",
        "functions/email_events/handler.py",
        "            app.queues.deliver_event_again(body, outcome.seconds)\n",
        "",
        "a person's click is never logged",
        _ROBOTS,
    ),
    _mutant(
        "robots-reach-the-score",
        "activities/verdict.py",
        'return activity_type == _JUDGED or about.get("verdict") not in _NOT_A_PERSON',
        "return True",
        "a gateway makes leads hot",
        _ROBOTS,
    ),
    _mutant(
        "a-correction-stays-in-the-email",
        "email/events/record_engagement.py",
        "        if corrections:\n            table.commit([change, *corrections])\n        else:\n"
        "            table.update(change.item, change.actions, change.condition)\n",
        "        table.update(change.item, change.actions, change.condition)\n",
        "KPIs follow a later verdict, scores do not",
        _ROBOTS,
    ),
    _mutant(
        "an-operators-person-is-a-robot",
        "email/events/verdicts.py",
        "    return hit.is_final and hit.verdict is not ROBOT\n",
        "    return False\n",
        "the next click of a person whom an operator cleared is a robot's by its client",
        _VERDICTS,
    ),
    _mutant(
        "a-person-belongs-to-the-gateways-burst",
        "email/events/verdicts.py",
        "        rest = [hit for hit in clicks if hit.key not in found or hit.signs & Sign.HIDDEN_LINK]\n",
        "        rest = clicks\n",
        "who clicks within a minute of the gateway is taken for it",
        _VERDICTS,
    ),
    _mutant(
        "tracking-goes-on-after-the-opt-out",
        "email/events/apply_event.py",
        "    if state is None or state.tracking == TRACKING_OFF:",
        "    if state is None:",
        "opens and clicks of a lead who forbade it are recorded",
        "tests/functions/test_tracking_opt_out.py",
    ),
    _mutant(
        "the-opt-out-does-not-reach-ses",
        "email/delivery/ses.py",
        "    if outgoing.is_tracked:\n        return {}\n",
        "    if outgoing.tags:\n        return {}\n",
        "SES rewrites the links of a lead who forbade it",
        "tests/functions/test_tracking_opt_out.py",
    ),
    _mutant(
        "a-click-of-a-batch-is-known-by-its-neighbour",
        "email/events/record_engagement.py",
        "is_first_sight = mine.key in self.companions.first_seen and",
        "is_first_sight = find_hit(known, mine.key) is None and",
        "of a backlog all clicks but the first of a batch trigger at once",
        "tests/functions/test_robots.py",
    ),
)
