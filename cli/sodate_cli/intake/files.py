"""What the commands that read CSV files share: mappings, the list of refused rows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel
from sodate.authoring.document import validated
from sodate.errors import Invalid, NotFound
from sodate.imports.report import head, lines
from sodate.imports.row import Trouble
from sodate.messages import Message, joined
from sodate.playbook.yamlfile import parse

from sodate_cli.languages import words

_LARGEST_MAPPING = 256 * 1024
M = TypeVar("M", bound=BaseModel)


def mapping_from(path: Path, model: type[M]) -> M:
    """Raises: `NotFound`; `Invalid` with every problem, its line and what to do."""
    if not path.is_file():
        raise NotFound(Message("{path} is not a file; look at its name", path=path))
    if path.stat().st_size > _LARGEST_MAPPING:
        raise Invalid(
            Message(
                "{path} is larger than {kilobytes} KB; no mapping is: name the mapping.yaml",
                path=path,
                kilobytes=_LARGEST_MAPPING // 1024,
            )
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(Message("{path} is not UTF-8 text; save it as UTF-8", path=path)) from error
    read = parse(path.name, text)
    value, problems = validated(model, path.name, read.data, read.lines)
    problems = [*read.problems, *problems]
    if value is None or problems:
        raise Invalid(joined("\n", [one.sentence() for one in problems]))
    return value


class RefusedRows:
    """The file of refused rows beside the read one: made with its first row, readable by its owner only."""

    def __init__(self, beside: Path) -> None:
        self.path = beside.with_name(f"{beside.name}.errors.csv")
        self.path.unlink(missing_ok=True)

    def add(self, troubles: Sequence[Trouble]) -> None:
        if not troubles:
            return
        if not self.path.exists():
            self.path.touch(mode=0o600)
            self.path.write_text(head(), encoding="utf-8", newline="")
        with self.path.open("a", encoding="utf-8", newline="") as stream:
            stream.write(lines(replace(one, reason=words(one.reason)) for one in troubles))

    @property
    def name(self) -> str | None:
        return self.path.name if self.path.exists() else None
