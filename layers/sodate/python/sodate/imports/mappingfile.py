"""Parses mapping.yaml into a `Mapping`, or reports every problem with its line."""

from pydantic import ValidationError

from sodate.errors import Invalid
from sodate.imports.mapping import Mapping
from sodate.messages import Message, joined
from sodate.playbook.explain import problems_of
from sodate.playbook.problem import Problem
from sodate.playbook.yamlfile import parse

MAX_BYTES = 256 * 1024


class MappingInvalid(Invalid):
    """Lists every problem, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(
            Message("the mapping has problems:\n{problems}", problems=joined("\n", map(Problem.sentence, problems))),
            "mapping",
        )


def read_mapping(file: str, content: bytes) -> Mapping:
    """Parse `content`, at most 256 KiB of UTF-8; `file` is used in messages.

    Raises: `MappingInvalid`.
    """
    if len(content) > MAX_BYTES:
        raise MappingInvalid(
            [
                Problem(
                    file,
                    1,
                    "",
                    Message("larger than {max_bytes:,} bytes", max_bytes=MAX_BYTES),
                    Message("a mapping is a page or two"),
                )
            ]
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise MappingInvalid(
            [Problem(file, line, "", Message("not UTF-8"), Message("save the file as UTF-8"))]
        ) from error
    read = parse(file, text)
    if read.problems:
        raise MappingInvalid(read.problems)
    try:
        return Mapping.model_validate(read.data)
    except ValidationError as error:
        raise MappingInvalid(problems_of(error, Mapping, file, read.data, read.lines)) from error
