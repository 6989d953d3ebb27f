"""The days of the scenarios, driven by Hypothesis, which picks what happens next and shrinks a broken history.

`python -m tests.simulation.scenario_machine --runs 2000`
"""

import argparse
import contextlib
import io
import sys

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.simulation.scenario_days import Result, ScenarioDays, judge
from tests.simulation.world import SimulatedWorld

_OFTEN = ("activity", "work", "work", "work", "wait", "wait")
_SELDOM = ("opt_out", "change_status", "new_version", "migrate", "renew", "repeat")


class ScenarioMachine(RuleBasedStateMachine):
    """`dice` decides about a step what the step leaves open: which lead, which scenario, where a process dies."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        with contextlib.redirect_stdout(io.StringIO()):
            self.days = ScenarioDays(SimulatedWorld(1, self.patch))

    @rule(act=st.sampled_from((*_OFTEN, *_SELDOM)), dice=st.integers(0, 1 << 16), is_rough=st.booleans())
    def something_happens(self, act: str, dice: int, is_rough: bool) -> None:
        self.days.rng.seed(dice)
        self.days.world.is_rough = is_rough
        with contextlib.redirect_stdout(io.StringIO()):
            getattr(self.days, act)()

    def teardown(self) -> None:
        try:
            self.days.rng.seed(1)
            result = Result(1)
            with contextlib.redirect_stdout(io.StringIO()):
                self.days.calm_down()
                judge(result, self.days)
            assert result.broken == []
        finally:
            self.patch.undo()


def settings_for(runs: int, *, derandomize: bool) -> settings:
    return settings(
        max_examples=runs,
        stateful_step_count=40,
        deadline=None,
        derandomize=derandomize,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def main() -> int:
    from tests.simulation.__main__ import quiet_environment

    parser = argparse.ArgumentParser(prog="python -m tests.simulation.scenario_machine")
    parser.add_argument("--runs", type=int, default=2_000)
    runs = parser.parse_args().runs
    quiet_environment()
    run_state_machine_as_test(ScenarioMachine, settings=settings_for(runs, derandomize=False))
    print(f"{runs} runs, nothing broken")
    return 0


if __name__ == "__main__":
    sys.exit(main())
