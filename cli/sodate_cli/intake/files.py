"""What the commands that read CSV files share: mappings, the list of refused rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel
from sodate.authoring.document import validated
from sodate.errors import Invalid, NotFound
from sodate.imports.report import head, lines
from sodate.imports.row import Trouble
from sodate.playbook.yamlfile import parse

_LARGEST_MAPPING = 256 * 1024
M = TypeVar("M", bound=BaseModel)


def mapping_from(path: Path, model: type[M]) -> M:
    """Raises: `NotFound`; `Invalid` with every problem, its line and what to do."""
    if not path.is_file():
        raise NotFound(f"{path} is not a file")
    if path.stat().st_size > _LARGEST_MAPPING:
        raise Invalid(f"{path} is larger than {_LARGEST_MAPPING // 1024} KB; no mapping is")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not UTF-8 text") from error
    read = parse(path.name, text)
    value, problems = validated(model, path.name, read.data, read.lines)
    problems = [*read.problems, *problems]
    if value is None or problems:
        raise Invalid("\n".join(f"{one.file}:{one.line} {one.field}: {one.message} ({one.hint})" for one in problems))
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
            stream.write(lines(troubles))

    @property
    def name(self) -> str | None:
        return self.path.name if self.path.exists() else None
