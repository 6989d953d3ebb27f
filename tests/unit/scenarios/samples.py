"""A lead whose answers a test sets, and short ways to write scenarios and enrollments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sodate.activities.activity import Activity
from sodate.conditions.evaluate import attribute_holds, evaluate
from sodate.conditions.language import AttributeTest, Condition, StageTest, Test
from sodate.playbook.yamlfile import parse
from sodate.scenarios.advance import ActiveEnrollment
from sodate.scenarios.program import Program, compile_scenario
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.triggers import Trigger, matches

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)  # 10:00 in Tokyo, a Tuesday
DAY = timedelta(days=1)


@dataclass
class FakeLead:
    """`log`: every activity so far. Of conditions, only `attribute` and `stage` are known."""

    id: str = "lead-1"
    time_zone: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    log: list[Activity] = field(default_factory=list)
    stage: str = "lead"

    def holds(self, condition: Condition) -> bool:
        return evaluate(condition, self._holds)

    def _holds(self, test: Test) -> bool:
        if isinstance(test, StageTest):
            return self.stage in test.stage
        assert isinstance(test, AttributeTest)
        return attribute_holds(test, self.attribute(test.attribute))

    def attribute(self, path: str) -> Any:
        return self.attributes.get(path)

    def has_happened(self, trigger: Trigger, since: datetime, key: tuple[str, str] | None) -> bool:
        keyed = enrollment(key=key)
        return any(activity.at > since and matches(trigger, activity, keyed) for activity in self.log)

    def does(self, type_: str, at: datetime, **about: Any) -> Activity:
        self.log.append(Activity(self.id, type_, at, f"{type_}-{len(self.log)}", about))
        return self.log[-1]


def scenario(*steps: dict[str, Any], **keys: Any) -> Scenario:
    head = {"id": "s", "topic": "news", "status": "published", "entry": [{"manual": True}]}
    return Scenario.model_validate({**head, **keys, "steps": steps})


def program(*steps: dict[str, Any], **keys: Any) -> Program:
    return compile_scenario(scenario(*steps, **keys), 1)


def enrollment(node: int = 0, since: datetime = NOW, **keys: Any) -> ActiveEnrollment:
    return ActiveEnrollment("e-1", node, since, keys.pop("entered", since), **keys)


def webinar() -> Scenario:
    text = (Path(__file__).parent / "webinar.yaml").read_text(encoding="utf-8")
    return Scenario.model_validate(parse("webinar.yaml", text).data)
