"""What an email of a scenario costs beside one of a sequence: the same three emails, their whole life, billed.

`plain`: emails and waits. `with_goal`: an activity that ends the scenario, so the engine runs before each email and
asks the lead's log.
"""

from datetime import timedelta
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
from benchmarks.inside import inside
from benchmarks.ours import Ours, schemas
from benchmarks.segments import segments

#: Of the sequence that the sample has under this id: its version is 1.
_VERSION = 2
_IDLE = {
    "title": "idle",
    "topic": "product-news",
    "status": "published",
    "entry": [{"on": {"activity": "page_viewed"}}, {"on": {"segment_entered": "segment-1"}}],
    "steps": [{"id": "wait", "wait": {"days": 1}}, {"id": "mail", "send": "materials-1-first-steps"}],
}
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
        "idle_units_more": _idle_units_more(),
    }


def _idle_units_more() -> float:
    """Units of a minute of all schedules with six published scenarios and 50 segments, beyond those without."""
    with inside(schemas()) as (here, cloud):
        ours = Ours(here, cloud)
        ours.publish()
        alone = _idle_units(ours)
        Definitions().publish("segments", "default", segments(50, 3).model_dump(mode="json"), here.now)
        for number in range(6):
            body = Scenario.model_validate({**_IDLE, "id": f"idle-{number}"}).model_dump(mode="json", by_alias=True)
            Definitions().publish("sequence", str(body["id"]), body, here.now)
        return _idle_units(ours) - alone


def _idle_units(ours: Ours) -> float:
    """The second of two minutes: the first one reads the definitions."""
    units = 0.0
    for _ in range(2):
        ours.here.now += timedelta(minutes=1)
        ours.cloud.ask("measure_anew")
        for function in ("step_mail_dispatch", "score_decay", "sales_followup"):
            ours.here.call(function, {})
        usage = ours.cloud.ask("usage")
        units = usage["read_units"] + usage["write_units"]
    return units


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
