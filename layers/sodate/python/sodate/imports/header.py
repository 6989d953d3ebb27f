"""First lines that cannot be the names of the mapping's columns: each is one problem, not one per column. Pure."""

from collections.abc import Sequence

from sodate.imports.mapping import Mapping
from sodate.leads.text import fold
from sodate.messages import Message

_DELIMITERS = {";": "`;`", "\t": "a tab", ",": "`,`"}
#: Of the columns of a mapping, that so few are there says that it is the mapping of another file.
_FEW = 0.25


def unlike_header(mapping: Mapping, names: Sequence[str]) -> Message | None:
    """What is wrong with the line as a whole; None when its columns are worth looking at one by one."""
    if len(names) == 1 and (other := _delimiter(mapping, names[0])):
        shown = '"\\t"' if other == "\t" else f'"{other}"'
        return Message(
            "the columns are separated by {mark}; write `delimiter: {shown}` in the mapping",
            mark=_DELIMITERS[other],
            shown=shown,
        )
    known = {fold(name) for name in names}
    wanted = dict.fromkeys(mapping.used())
    found = [name for name in wanted if fold(name) in known]
    if not found and any("@" in name for name in names):
        return Message("it looks like a lead and not like names of columns; put a line with their names first")
    if len(wanted) > 1 and len(found) <= _FEW * len(wanted):
        return Message(
            "of the {count} columns of the mapping, the file has {found}; is it the mapping of another file?"
            " `sodate import FILE --suggest` prints one for this file",
            count=len(wanted),
            found=len(found),
        )
    return None


def _delimiter(mapping: Mapping, line: str) -> str | None:
    counts = {mark: line.count(mark) for mark in _DELIMITERS if mark != mapping.delimiter}
    return max(counts, key=lambda mark: counts[mark]) if any(counts.values()) else None
