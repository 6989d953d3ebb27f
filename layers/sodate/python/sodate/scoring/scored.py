"""What conditions may ask about a lead's score (`facts.evaluation.Scored`), from its stored state."""

from dataclasses import dataclass

from sodate.conditions.language import ScoreTest
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.score_state import ScoreState
from sodate.scoring.view import reader_of


@dataclass(frozen=True)
class LeadScore:
    """`score_state` is settled up to the lead's last due entry; totals decay from there to the minute asked for."""

    engine: ScoringEngine
    score_state: ScoreState

    @property
    def rank(self) -> str:
        return self.score_state.rank.value

    @property
    def phase(self) -> str:
        return self.engine.rules.phases[self.score_state.phase].id

    @property
    def stage(self) -> str:
        return self.score_state.stage.value

    def holds(self, test: ScoreTest, minute: int) -> bool:
        return test.includes(reader_of(test)(self.engine.view(self.score_state, minute)))

    def changes(self, test: ScoreTest, minute: int) -> int | None:
        """The first minute after `minute` at which the answer changes by decay alone; None: never."""
        return self.engine.transitions.next_change(self.score_state, test, minute)
