"""What an email of a scenario costs beside one of a sequence: the same three emails, their whole life, billed.

`plain`: emails and waits. `with_goal`: an activity that ends the scenario, so the engine runs before each email and
asks the lead's log.
"""

from typing import Any

from sodate.dynamodb import keys
from sodate.email.delivery.message import EnrollmentBatch, EnrollmentRef
from sodate.leads.contact_state import ContactState, Enrollment, Visit
from sodate.leads.store import profile_item, state_item
from sodate.playbook.store import Definitions
from sodate.scenarios.lane import lane_of
from sodate.scenarios.program import Program, compile_scenario
from sodate.scenarios.scenario import Scenario
from sodate.scheduling import store as due

from benchmarks import events, sample
from benchmarks.harness import TABLE, Json
from benchmarks.ours import Ours

#: Of the sequence that the sample has under this id: its version is 1.
_VERSION = 2
_GOAL = {"id": "asked", "on": {"activity": "form_submitted", "form": "demo"}}


def measure(leads: int) -> Json:
    bills = {"sequence": events.measure(leads), "plain": events.measure(leads, make=_Plain)}
    bills["with_goal"] = events.measure(leads, make=_WithGoal)
    dollars = {name: found["bills"]["us-east-1"]["usd_per_million"] for name, found in bills.items()}
    units = {name: found["phases"]["mails"] for name, found in bills.items()}
    return {
        "usd_per_million": dollars,
        "units_per_email": {name: [one["write_units"], one["read_units"]] for name, one in units.items()},
        "plain_to_sequence": round(dollars["plain"] / dollars["sequence"], 3),
        "with_goal_to_sequence": round(dollars["with_goal"] / dollars["sequence"], 3),
    }


class _Plain(Ours):
    """The sample's sequence as a scenario under the same id."""

    goals: tuple[Json, ...] = ()

    def publish(self) -> None:
        super().publish()
        body = self._scenario.model_dump(mode="json", by_alias=True)
        Definitions().publish("sequence", sample.SEQUENCE, body, self.here.now)

    def lay_out(self, leads: int, first: int = 0) -> None:
        program, now = compile_scenario(self._scenario, _VERSION), self.here.now
        items: list[Json] = []
        for profile in sample.people(leads, first):
            visit = Visit(0, 0).next(now)
            ref = EnrollmentRef(profile.lead_id, profile.lead_id[-16:], now, None, visit)
            batch = EnrollmentBatch(program.id, _VERSION, 0, (ref,))
            entry = due.due_item(now, lane_of(program), batch.id, batch, now)
            items += [profile_item(profile).serialize(), _state(program, ref).serialize(), entry.serialize()]
        self.cloud.ask("put", TABLE, items)

    @property
    def _scenario(self) -> Scenario:
        sequence, steps = sample.material().sequence, list[Json]()
        for number, step in enumerate(sequence.steps):
            if number:
                steps.append({"id": f"wait-{number}", "wait": {"business_days": 3, "at": "10:00"}})
            steps.append({"id": step.id, "send": step.template})
        head: dict[str, Any] = {"id": sequence.id, "topic": sequence.topic, "status": "published"}
        entry = [{"opt_in_confirmed": ["request-materials"]}]
        return Scenario.model_validate({**head, "entry": entry, "goals": self.goals, "steps": steps})


class _WithGoal(_Plain):
    goals = (_GOAL,)


def _state(program: Program, ref: EnrollmentRef) -> Any:
    since = keys.stamp(ref.since or sample.START)
    enrollment = Enrollment(ref.enrollment_id, _VERSION, 0, since, program.end, ref.visit)
    return state_item(
        ContactState(
            lead_id=ref.lead_id,
            address_key=f"{ref.lead_id[-10:]:0>43}",
            topics={program.topic: "confirmed"},
            opt_in_mails=1,
            opt_in_mail_at=since,
            enrollments={program.id: enrollment},
        )
    )
