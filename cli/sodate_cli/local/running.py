"""The running local stage, for time travel: its schedules, its work, its queues."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ses_simulator.events import stamp

from sodate_cli.local import services
from sodate_cli.local.clock import ShiftedClock
from sodate_cli.local.deploy import client

#: Once in an hour of the stage's clock, as its schedule says.
HOURLY = ("PrivacyReview",)
#: Readers of the due index: a lane that nobody reads would stop the traveller at every minute.
READERS_OF_LANES = ("StepMailDispatch", "SendSweeper", "ScoreDecay", "SalesFollowup", "KpiRollup")


class ScheduleFailed(RuntimeError):
    """A scheduled function ended with an error; the message holds it."""


@dataclass(frozen=True, slots=True)
class RunningStage:
    """`ministack` and `server` are ports."""

    endpoints: Mapping[str, Any]
    ministack: int
    server: int
    clock: ShiftedClock
    ran: dict[str, datetime] = field(default_factory=dict)

    def run_schedules(self) -> None:
        """Invoke the `live` alias of what EventBridge would invoke, with the same event. Raises ScheduleFailed."""
        functions = client("lambda", self.endpoints["aws"])
        event = {"source": "aws.events", "detail-type": "Scheduled Event", "time": stamp(self.clock()), "detail": {}}
        for name in (*READERS_OF_LANES, *self._due_by_the_hour()):
            answer = functions.invoke(
                FunctionName=self.endpoints["functions"][name], Payload=json.dumps(event).encode()
            )
            if answer.get("FunctionError"):
                raise ScheduleFailed(f"{name}: {answer['Payload'].read().decode(errors='replace')[:600]}")

    def _due_by_the_hour(self) -> list[str]:
        now = self.clock()
        due = [name for name in HOURLY if name not in self.ran or self.ran[name] + timedelta(hours=1) <= now]
        self.ran.update(dict.fromkeys(due, now))
        return due

    def work(self) -> dict[str, Any]:
        """What MiniStack is doing, and what the simulator has not yet published."""
        document: dict[str, Any] = json.loads(services.get(self.ministack, "/_sodate/work")[1])
        mail = json.loads(services.get(self.server, "/control/health")[1])
        return document | {"mail_events": mail["unpublished"]}

    def let_queues_wait(self, passed: timedelta) -> None:
        services.call(self.ministack, "POST", "/_sodate/wait", {"seconds": passed.total_seconds()})
