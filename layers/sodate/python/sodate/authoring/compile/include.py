"""Body files and their includes: `<mj-include path="_footer.mjml" />`, resolved before anything is parsed.

Only files of the playbook directory can be included. Because the text is joined first, Liquid in an include is guarded
like any other, and a problem in an include is reported in the include.
"""

import posixpath
import re
from dataclasses import dataclass

from sodate.authoring.loader import Doc, TemplateFile
from sodate.authoring.source import Source
from sodate.messages import Message
from sodate.playbook.problem import Problem

MAX_INCLUDES = 50
_INCLUDE = re.compile(r"<mj-include\b([^>]*?)/?>(\s*</mj-include>)?", re.IGNORECASE)
_PATH = re.compile(r"""\bpath\s*=\s*["']([^"']*)["']""")


@dataclass(frozen=True)
class Body:
    """`lines[i]` says from which file and line the i-th line of `text` comes."""

    file: str
    text: str
    lines: tuple[tuple[str, int], ...]

    @property
    def is_mjml(self) -> bool:
        return self.file.endswith(".mjml")

    def where(self, offset: int) -> tuple[str, int]:
        return self.where_line(self.text.count("\n", 0, offset) + 1)

    def where_line(self, line: int) -> tuple[str, int]:
        return self.lines[line - 1] if 0 < line <= len(self.lines) else (self.file, 1)

    def find(self, piece: str) -> tuple[str, int]:
        """Where `piece` is written; the first line of the body when it cannot be found."""
        offset = self.text.find(piece)
        return self.where(offset) if offset >= 0 else (self.file, 1)


def read_body(source: Source, doc: Doc[TemplateFile], name: str) -> tuple[Body | None, list[Problem]]:
    file = posixpath.normpath(posixpath.join(posixpath.dirname(doc.file), name))
    text = source.text(file, wanted_by=(doc.file, doc.problem(("body",), "", "", "").line, "body"))
    if isinstance(text, Problem):
        return None, [text]
    if not text.strip():
        return None, [Problem(file, 1, "", Message("the body is empty"), Message("write the mail"), rule="file")]
    joiner = _Joiner(source)
    joiner.add(file, text)
    return Body(file, "\n".join(joiner.text), tuple(joiner.lines)), joiner.problems


class _Joiner:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text: list[str] = []
        self.lines: list[tuple[str, int]] = []
        self.problems: list[Problem] = []
        self.open: list[str] = []
        self.count = 0

    def add(self, file: str, text: str) -> None:
        self.open.append(file)
        for number, line in enumerate(text.split("\n"), start=1):
            position = 0
            for match in _INCLUDE.finditer(line):
                self._line(file, number, line[position : match.start()])
                self._include(file, number, match[1])
                position = match.end()
            self._line(file, number, line[position:])
        self.open.pop()

    def _line(self, file: str, number: int, text: str) -> None:
        self.text.append(text)
        self.lines.append((file, number))

    def _include(self, file: str, number: int, attributes: str) -> None:
        path = _PATH.search(attributes)
        self.count += 1
        wrong = ""
        if path is None:
            wrong = Message('mj-include needs `path="…"`')
        elif re.search(r"\btype\s*=", attributes):
            wrong = Message("mj-include takes MJML only, not `type`")
        elif self.count > MAX_INCLUDES:
            wrong = Message("more than {max_includes} includes", max_includes=MAX_INCLUDES)
        if wrong or path is None:
            self.problems.append(Problem(file, number, "", wrong, rule="include"))
            return
        name = posixpath.normpath(posixpath.join(posixpath.dirname(file), path[1]))
        if name in self.open:
            self.problems.append(
                Problem(file, number, "", Message("`{key}` includes itself", key=path[1]), rule="include")
            )
            return
        text = self.source.text(name, wanted_by=(file, number, "mj-include"))
        if isinstance(text, Problem):
            self.problems.append(text)
        else:
            self.add(name, text.rstrip("\n"))
