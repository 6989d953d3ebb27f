"""An ad platform's API: verdicts that a test chose, accepted otherwise."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sodate.campaigns.conversion import ConversionState, Row
from sodate.campaigns.export_conversions import Verdict
from sodate.errors import Transient


@dataclass
class FakeAdPlatform:
    """`silent_on`: keys of rows without a verdict."""

    verdicts: Sequence[Verdict]
    silent_on: Collection[str] = ()
    is_down: bool = False
    received: list[Row] = field(default_factory=list)

    def upload(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        if self.is_down:
            raise Transient("the platform does not answer")
        self.received += rows
        chosen = {one.key: one for one in self.verdicts}
        keys = [row.conversion.key for row in rows if row.conversion.key not in self.silent_on]
        return [chosen.get(key, Verdict(key, ConversionState.ACCEPTED)) for key in keys]
