"""Problems of a playbook, with file, line, message and remedy for its author."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Literal

from sodate.errors import Invalid

Severity = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Problem:
    """`field` is a path such as `fields[2].type`; `source` names the law or page behind a rule."""

    file: str
    line: int
    field: str
    message: str
    hint: str = ""
    rule: str = "schema"
    severity: Severity = "error"
    source: str = ""

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        field = f" {self.field}:" if self.field else ""
        return f"{self.file}:{self.line}:{field} {self.message}{hint} [{self.rule}]"


class PlaybookInvalid(Invalid):
    """Raised by `apply_directory`; lists every problem, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("the playbook has problems:\n" + "\n".join(str(p) for p in errors(problems)), "playbook")


def errors(problems: Iterable[Problem]) -> list[Problem]:
    return [p for p in problems if p.severity == "error"]


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    known = sorted(known)
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    if otherwise or not known:
        return otherwise
    return "one of: " + ", ".join(f"`{k}`" for k in known[:12]) + (" …" if len(known) > 12 else "")
