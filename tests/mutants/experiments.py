"""Seeded bugs in experiments: who gets which variant, what counts, who wins, who gets it twice, who is overruled."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_TESTS = "tests/functions/test_experiments.py"
_COMMAND = "tests/functions/test_experiment_command.py"
_SPLITS = "tests/functions/test_split_decisions.py"
_STATISTICS = "tests/unit/experiments/test_statistics.py"
_SIMULATION = "tests/simulation/test_experiments.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=tests)


EXPERIMENTS = (
    _mutant(
        "one-number-for-sample-and-variant",
        "broadcasts/cells",
        'random_bucket(f"{run}/variant", lead_id)',
        'random_bucket(f"{run}/sample", lead_id)',
        "the sample has only the first variants",
        _SIMULATION,
    ),
    _mutant(
        "new-weights-move-leads",
        "scenarios/decide",
        "arm = known if known in ids else assigned",
        "arm = assigned",
        "who has an arm gets another one when the weights change",
        _SIMULATION,
        _COMMAND,
    ),
    _mutant(
        "level-of-each-comparison",
        "experiments/decision",
        "experiment.level / len(arms.challengers)",
        "experiment.level",
        "with five variants, false winners are found four times as often as stated",
        _STATISTICS,
    ),
    _mutant(
        "interval-without-correction",
        "experiments/intervals",
        "z * z - 2 - 1 / n + 4 * p * (n * (1 - p) + 1)",
        "z * z + 4 * p * n * (1 - p)",
        "unequal variants with small rates differ too often",
        _STATISTICS,
    ),
    _mutant(
        "early-figures-decide",
        "experiments/decision",
        "if not at_horizon and not experiment.always_valid:",
        "if False:",
        "an experiment with a horizon is decided by whoever looks at the right moment",
        _STATISTICS,
        _COMMAND,
    ),
    _mutant(
        "look-overrules-a-person",
        "experiments/store",
        "table.put_new(_item(name, decision))",
        "table.put(_item(name, decision))",
        "a person chooses while a look counts, and the look decides otherwise",
        _TESTS,
    ),
    _mutant(
        "mark-of-its-own-for-the-others",
        "broadcasts/run",
        "send_id('run', self.broadcast, self.occurrence)[:10]",
        "send_id('run', self.broadcast, self.occurrence, str(self.released > 0))[:10]",
        "a lead of the sample gets the email again with the others",
        _TESTS,
    ),
    _mutant(
        "choice-of-a-person-is-ignored",
        "broadcasts/send_batch",
        "        return decision.variant\n",
        "        return (decision.earlier or (decision,))[-1].variant\n",
        "a person overrules the winner, and the others get the winner",
        _TESTS,
    ),
    _mutant(
        "choice-waits-for-the-horizon",
        "broadcasts/choose",
        '    if run.state == "testing":\n',
        "    if False:\n",
        "a person chooses, and nothing is sent for hours",
        _TESTS,
    ),
    _mutant(
        "robots-win",
        "experiments/success",
        "[key for key in matching if key not in robots]",
        "list(matching)",
        "the variant that link checkers like wins",
        _TESTS,
    ),
    _mutant(
        "leads-are-seen-for-unequal-times",
        "broadcasts/measure",
        "    if end > look.until:\n",
        "    if sent_at > look.until:\n",
        "leads count before their time is over",
        _COMMAND,
    ),
    _mutant(
        "cancelled-experiment-forgets-the-others",
        "broadcasts/advance",
        'if run.state == "testing" or run.is_holding:',
        'if run.state == "testing":',
        "leads of a cancelled run wait for ever",
        _TESTS,
    ),
    _mutant(
        "chosen-arms-are-counted",
        "scenarios/experiment_steps",
        " and step not in advance.enrollment.chosen:",
        ":",
        "leads that a person sent to an arm prove that it is better",
        _COMMAND,
    ),
    _mutant(
        "global-holdout-gets-email",
        "email/eligibility/decide",
        "    if rules.mailing.is_kept_out(lead_id):\n",
        "    if False:\n",
        "who is kept out of all marketing email gets it",
        _COMMAND,
    ),
    _mutant(
        "emails-after-the-end-of-the-run",
        "broadcasts/source",
        "            valid_until = min(valid_until, datetime.fromisoformat(self.run.ends))\n",
        "            valid_until = max(valid_until, datetime.fromisoformat(self.run.ends))\n",
        "after a long pause, an email leaves when its mark may be gone",
        _TESTS,
    ),
    _mutant(
        "splits-decide-before-the-horizon",
        "scenarios/measure_arms",
        "return taken[-1].at + experiment.horizon",
        "return taken[-1].at",
        "a split is decided on the leads whose success came quickly",
        _SPLITS,
    ),
    _mutant(
        "a-person-is-not-waited-for",
        "scenarios/review_arms",
        ' and step.experiment.winner == "automatic":',
        ":",
        "a split decides itself although a person should",
        _SPLITS,
    ),
    _mutant(
        "reviews-end-after-the-first",
        "scenarios/review_arms",
        "        _plan(live, ArmReview(live.id, step.id, _next_review(self.now())), self.now())\n",
        "",
        "a split that has too few leads at its first review is never decided",
        _SPLITS,
    ),
    _mutant(
        "leads-are-counted-in-each-task",
        "scenarios/measure_arms",
        "begins_at = look.next_batch",
        "begins_at = 0",
        "a review that goes on counts its first leads again",
        _SPLITS,
    ),
)
