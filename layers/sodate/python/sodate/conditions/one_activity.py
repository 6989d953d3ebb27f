"""One activity that is waited for: the predicate of conditions, without counting."""

from typing import Annotated

from pydantic import AfterValidator

from sodate.conditions.language import ActivityTest
from sodate.messages import Message


def _about_one_activity(test: ActivityTest) -> ActivityTest:
    counts = {"times": test.times > 1, "within_days": test.within_days, "first_within_days": test.first_within_days}
    for name, is_used in counts.items():
        if is_used:
            raise ValueError(Message("`{name}` counts past activities; here one activity is waited for", name=name))
    return test


OneActivity = Annotated[ActivityTest, AfterValidator(_about_one_activity)]
