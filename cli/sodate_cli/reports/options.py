"""The options that every report has, and what they ask for."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.reports.period import Wanted

from sodate_cli.operator import StageOption as StageOption
from sodate_cli.output import JsonOption as JsonOption

FromOption = Annotated[str | None, typer.Option("--from", help="First day: 2026-11-01; default: 30 days in all.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last day, included; default: today.")]
MonthOption = Annotated[str | None, typer.Option("--month", help="A month instead: 2026-11.")]
QuarterOption = Annotated[str | None, typer.Option("--quarter", help="A quarter of the calendar year: 2026-Q4.")]
LanguageOption = Annotated[str | None, typer.Option("--language", help="ja or en; default: the sender's.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV that a spreadsheet opens (UTF-8).")]
HtmlOption = Annotated[Path | None, typer.Option("--html", help="Write one HTML page with charts to this file.")]
CampaignOption = Annotated[str | None, typer.Option("--campaign", help="Of the leads that this campaign acquired.")]
SegmentOption = Annotated[str | None, typer.Option("--segment", help="Of the members of this segment.")]
SourceOption = Annotated[str | None, typer.Option("--source", help="Of the leads with this utm_source.")]
OwnerOption = Annotated[str | None, typer.Option("--owner", help="Of the leads of this owner.")]


def scope_of(scope: str | None, **groups: str | None) -> str:
    """The scope that is asked for; empty: all. Raises: `Invalid` for more than one."""
    given = [*([scope] if scope else []), *(f"{kind}:{id_}" for kind, id_ in groups.items() if id_ is not None)]
    if len(given) > 1:
        raise Invalid(Message("give one of {given}; --by divides its leads further", given=", ".join(given)), "scope")
    return "".join(given)


@dataclass(frozen=True)
class Ask:
    """`subject`: the id of what is reported on, empty for all."""

    wanted: Wanted
    language: str | None
    csv: bool
    as_json: bool
    html: Path | None
    stage: str | None
    subject: str = ""

    def check(self) -> "Ask":
        """Raises: `Invalid`."""
        if self.csv and self.as_json:
            raise Invalid(Message("give one of --csv and --json"))
        return self
