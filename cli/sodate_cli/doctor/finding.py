"""What a check says. A verdict is about the deployment, never about the tool: what was not seen is never `ok`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sodate_cli.doctor.deployment import Deployment

_SHOWN = 6


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_CHECKABLE = "not_checkable"


@dataclass(frozen=True)
class Finding:
    """One row of the report. `what_to_do` is empty for `ok`."""

    name: str
    verdict: Verdict
    detail: str
    what_to_do: str = ""


@dataclass(frozen=True)
class Result:
    """What a check returns; the runner adds the name."""

    verdict: Verdict
    detail: str
    what_to_do: str = ""


@dataclass(frozen=True)
class Check:
    """`needs_aws`: why the local cloud cannot show it; None where it can. `asked_by`: the option that permits it."""

    name: str
    run: Callable[["Deployment"], Result]
    needs_aws: str | None = None
    asked_by: str | None = None


def ok(detail: str) -> Result:
    return Result(Verdict.OK, detail)


def warning(detail: str, what_to_do: str) -> Result:
    return Result(Verdict.WARNING, detail, what_to_do)


def failed(detail: str, what_to_do: str) -> Result:
    return Result(Verdict.FAILED, detail, what_to_do)


def not_checkable(detail: str, what_to_do: str = "") -> Result:
    return Result(Verdict.NOT_CHECKABLE, detail, what_to_do)


def judged(problems: Sequence[str], good: str, what_to_do: str, verdict: Verdict = Verdict.FAILED) -> Result:
    """`ok` without problems, else `verdict` with all of them in one line each."""
    return Result(verdict, listed(problems, "\n"), what_to_do) if problems else ok(good)


def listed(names: Iterable[str], separator: str = ", ") -> str:
    """The first few in words, the rest as a number."""
    every = list(names)
    more = [f"and {len(every) - _SHOWN} more"] if len(every) > _SHOWN else []
    return separator.join([*every[:_SHOWN], *more])
