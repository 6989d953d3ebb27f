"""Problems of a playbook, with file, line, message and remedy for its author."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Literal

from sodate.errors import Invalid
from sodate.messages import Message, joined

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
        return self.sentence()

    def sentence(self) -> Message:
        """All of it but severity and source, on one line."""
        field = f" {self.field}:" if self.field else ""
        hint = [" (", self.hint, ")"] if self.hint else []
        return joined("", [f"{self.file}:{self.line}:{field} ", self.message, *hint, f" [{self.rule}]"])


class PlaybookInvalid(Invalid):
    """Raised by `apply_directory`; lists every problem, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        lines = joined("\n", [problem.sentence() for problem in errors(problems)])
        super().__init__(Message("the playbook has problems:\n{problems}", problems=lines), "playbook")


def errors(problems: Iterable[Problem]) -> list[Problem]:
    return [p for p in problems if p.severity == "error"]


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    known = sorted(known)
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return Message("did you mean `{close}`?", close=close[0])
    if otherwise or not known:
        return otherwise
    names = ", ".join(f"`{name}`" for name in known[:12]) + (" …" if len(known) > 12 else "")
    return Message("one of: {names}", names=names)
