"""Seeded bugs in broadcasts: twice, never, to the wrong leads, without approval, wrong counts."""

from tests.mutants.mutants import Mutant

_BROADCASTS = "layers/sodate/python/sodate/broadcasts/"
_TESTS = "tests/functions/test_broadcasts.py"
_UNIT = "tests/unit/broadcasts/test_broadcast.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, f"{_BROADCASTS}{file}.py", ((old, new),), breaks, tests=tests)


BROADCASTS = (
    _mutant(
        "run-is-claimed-twice",
        "source",
        "Guard(has_no_run(self.run.mark), [run_added(self.run.mark)])",
        "Guard(has_no_run(self.run.mark) | has_run(self.run.mark), [run_added(self.run.mark)])",
        "each delivery of a message sends the broadcast again",
        _TESTS,
    ),
    _mutant(
        "released-claim-keeps-its-mark",
        "source",
        "[runs_removed([self.run.mark])], has_run",
        "[run_added(self.run.mark)], has_run",
        "what SES throttled is never sent, and is listed as unknown",
        _TESTS,
    ),
    _mutant(
        "members-are-not-read-again",
        "send_batch",
        "else left_out(candidate, broadcast)\n",
        "else None\n",
        "who left the segment after the list was read gets it",
        _TESTS,
    ),
    _mutant(
        "excluded-segments-get-it",
        "audience",
        'return f"{Reason.EXCLUDED}:{excluded}" if excluded else None',
        "return None if excluded else None",
        "members of an excluded segment get it",
        _UNIT,
    ),
    _mutant(
        "page-without-its-position",
        "store",
        "return Update(_key(before), actions, condition & (RunItem.wave == before.wave) & cursor)",
        "return Update(_key(before), actions, RunItem.pk.exists())",
        "two deliveries of one task write the same page twice",
        _TESTS,
    ),
    _mutant(
        "lost-race-is-acknowledged",
        "advance",
        "            commit(run, [moved(run, after), *writes])\n            if is_last:",
        "            try:\n                commit(run, [moved(run, after), *writes])\n            except Exception:\n"
        '                return "concurrent"\n            if is_last:',
        "a run stands still when the winner of two deliveries crashes",
        _TESTS,
    ),
    _mutant(
        "paused-batch-is-dropped",
        "send_batch",
        "            due.plan(now + PAUSE_CHECK, due.BROADCAST, batch.id, batch, now)\n",
        "",
        "a pause loses every email that falls due in it",
        _TESTS,
    ),
    _mutant(
        "pause-is-not-asked",
        "send_batch",
        "        if run.is_paused:\n",
        "        if False:\n",
        "a paused run goes on sending",
        _TESTS,
    ),
    _mutant(
        "cancelled-run-goes-on",
        "send_batch",
        'if run.state == "cancelled" else left_out',
        'if run.state == "planned" else left_out',
        "a cancelled run goes on sending",
        _TESTS,
    ),
    _mutant(
        "no-run-follows",
        "advance",
        "*following])\n        return after\n",
        "])\n        return after\n",
        "a recurrence happens once",
        _TESTS,
    ),
    _mutant(
        "edit-after-approval",
        "advance",
        "if approval is None or version > approval.version or self._has_changed(broadcast, approval):",
        "if approval is None:",
        "what nobody approved is sent",
        _TESTS,
    ),
    _mutant(
        "editor-approves",
        "approve",
        "        if one.applied_by == person:\n",
        "        if False:\n",
        "the person who wrote it releases it",
        _TESTS,
    ),
    _mutant(
        "old-time-is-kept",
        "advance",
        "        if not is_scheduled(broadcast, mailing, local):\n",
        "        if False:\n",
        "after a change of its time, it is sent at both times",
        _TESTS,
    ),
    _mutant(
        "mark-is-removed-too-early",
        "run",
        "int(mark[11:]) * 3600, UTC) + _HOUR < now",
        "int(mark[11:]) * 3600, UTC) - 3 * _HOUR < now",
        "a message that is delivered twice near the end sends twice",
        _UNIT,
    ),
    _mutant(
        "everybody-in-each-wave",
        "audience",
        'if broadcast.audience == "frozen" or at == wave:',
        "if True:",
        "with `at_send`, a lead is listed once per time zone",
        _TESTS,
        _UNIT,
    ),
    _mutant(
        "segment-may-change-after-approval",
        "advance",
        "        if approval.surroundings != surroundings_digest(broadcast):\n            return True\n",
        "",
        "the editor widens the segment after another person approved the broadcast",
        _TESTS,
    ),
    _mutant(
        "segments-of-segments-are-not-approved",
        "surroundings",
        "            waiting += references(segment)\n",
        "",
        "the editor widens a segment that the approved one asks for",
        _TESTS,
    ),
)
