"""`sodate template results`: what the emails of a template brought, per version, as a document and as tables."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sodate.email.delivery.store import TemplateTestDone
from sodate.messages import Message
from sodate.queries.count_template_results import Wanted
from sodate.queries.template_results import Figure, VersionResults

from sodate_cli import output
from sodate_cli.failed_sends import moment
from sodate_cli.times import Times

#: A robot may have done it.
_BY_REACTION = (Figure.OPENED, Figure.CLICKED, Figure.CONVERTED)


def moment_of(text: str | None, option: str, otherwise: datetime) -> datetime:
    stamp = moment(text, option)
    return datetime.fromisoformat(stamp) if stamp else otherwise


#: Before any email of Sodate.
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def document(wanted: Wanted, versions: dict[int, VersionResults], tests: Sequence[TemplateTestDone]) -> dict[str, Any]:
    conversion = wanted.conversion
    return {
        "template": wanted.template,
        "since": None if wanted.since == BEGINNING else wanted.since.isoformat(),
        "until": wanted.until.isoformat(),
        "conversion": conversion.conversion.model_dump(mode="json", exclude_defaults=True)
        if conversion.conversion
        else {"activity": "meeting_set"},
        "within_days": conversion.horizon.days,
        "versions": [_version(version, results) for version, results in versions.items()],
        "tests": [vars(test) for test in tests],
    }


def _version(version: int, results: VersionResults) -> dict[str, Any]:
    figures: dict[str, Any] = {figure.value: results.people[figure] for figure in Figure}
    robots = {f"{figure.value}_by_robots_only": results.robots_only[figure] for figure in _BY_REACTION}
    shares = {f"{figure.value}_robot_share": results.robot_share(figure) for figure in _BY_REACTION}
    links = [
        {"link": link, "clicked": results.links[link], "clicked_by_robots_only": results.links_by_robots[link]}
        for link in _links(results)
    ]
    return {"version": version or None, **figures, **robots, **shares, "links": links}


def _links(results: VersionResults) -> list[str]:
    """The most clicked first."""
    every = results.links.keys() | results.links_by_robots.keys()
    return sorted(every, key=lambda link: (-results.links[link], -results.links_by_robots[link], link))


def show(template: str, versions: dict[int, VersionResults]) -> None:
    rows = [row for version, results in versions.items() for row in _rows(version, results)]
    columns = ("version", "figure", "emails", "of sent", "by robots only", "robot share")
    output.show_table(
        Message("Results of {template}", template=template),
        columns,
        rows,
        nothing=Message("No email of it was sent in this time."),
    )
    links = [
        (_shown(version), link, results.links[link], results.links_by_robots[link])
        for version, results in versions.items()
        for link in _links(results)
    ]
    if links:
        output.show_table("Clicks", ("version", "link", "emails", "by robots only"), links)


def show_tests(tests: Sequence[TemplateTestDone], times: Times) -> None:
    rows = [(times.shown(test.at), test.version, test.sent_by, test.accepted) for test in tests]
    if rows:
        output.show_table("Latest test sends", (times.column("time"), "version", "by", "accepted"), rows)


def _shown(version: int) -> object:
    return version or "not recorded"


def _rows(version: int, results: VersionResults) -> Iterator[tuple[object, ...]]:
    sent = results.people[Figure.SENT]
    for figure in Figure:
        emails, robots = results.people[figure], results.robots_only[figure] if figure in _BY_REACTION else ""
        first = _shown(version) if figure is Figure.SENT else ""
        share = results.robot_share(figure) if figure in _BY_REACTION else None
        shown = "" if share is None else f"{100 * share:.1f} %"
        yield first, figure.value.replace("_", " "), emails, f"{100 * emails / sent:.1f} %", robots, shown
