"""Table stream: a new activity folds the lead's log into score and phase and raises, once, a hot-lead signal."""

from typing import Any

from sodate.runtime import clock, container
from sodate.runtime.batch import Failures, Record, each_group
from sodate.scoring.rescore import live_rules, rescore
from sodate.table import keys


def act(pk: str, _: list[Record]) -> str:
    rescored = rescore(keys.lead_id_of(pk), live_rules(container.definitions()), clock.now())
    if rescored.became_hot:
        return "hot"
    return "changed" if rescored.changed else "unchanged"


def handler(event: dict[str, Any], _: object) -> Failures:
    container.bind_table()
    return each_group(event, act)
