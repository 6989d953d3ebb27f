"""People for a rehearsal from a CSV file: a header of profile fields, and a line for each person."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sodate.conditions.language import AttributePath
from sodate.errors import Invalid
from sodate.imports.reader import Record, Records, survey
from sodate.leads.time_zone import find_time_zone
from sodate.messages import Message, joined

FORM, TIME_ZONE, DAY = "form", "time_zone", "day"
#: On which day of the rehearsal the person comes, from 0 on.
_LAST_DAY = 729
MOST_PEOPLE = 200_000
_PATH: TypeAdapter[str] = TypeAdapter(AttributePath)


def people_of(path: Path) -> Iterator[dict[str, str]]:
    """Values by column; empty cells are left out. Any encoding that an import reads.

    Raises: `Invalid` with file, line and column.
    """
    try:
        with path.open("rb") as file:
            encoding = survey(file).encoding
            file.seek(0)
            lines = iter(Records(file, encoding, ","))
            header = _header(path, next(lines, None))
            for number, record in enumerate(lines, 1):
                if number > MOST_PEOPLE:
                    raise Invalid(
                        Message(
                            "{key}:{line}: more than {most_people:,} people; give a sample",
                            key=path,
                            line=record.line,
                            most_people=MOST_PEOPLE,
                        ),
                        "leads",
                    )
                yield _person(path, header, record)
    except OSError as error:
        raise Invalid(Message("cannot read {key}: {strerror}", key=path, strerror=error.strerror), "leads") from error


def _header(path: Path, record: Record | None) -> list[str]:
    if record is None or not record.cells:
        raise Invalid(
            Message("{key} is empty: write a header such as primary.title,primary.employees,form", key=path), "leads"
        )
    header = [cell.strip() for cell in record.cells]
    for column in header:
        if column not in (FORM, TIME_ZONE, DAY) and not _is_path(column):
            raise Invalid(
                Message(
                    "{key}:{line}: column {column!r}: name a field of the profile such as `primary.title`, `{form}`,"
                    " `{time_zone}` or `{day}`",
                    key=path,
                    line=record.line,
                    column=column,
                    form=FORM,
                    time_zone=TIME_ZONE,
                    day=DAY,
                ),
                "leads",
            )
    return header


def _is_path(text: str) -> bool:
    try:
        _PATH.validate_python(text)
    except ValidationError:
        return False
    return True


def _person(path: Path, header: list[str], record: Record) -> dict[str, str]:
    if record.cells is None or len(record.cells) > len(header):
        why = record.reason or Message(
            "the row has {cells} cells, the header has {names}; put text with a comma in quotes",
            cells=len(record.cells or ()),
            names=len(header),
        )
        raise Invalid(joined("", [f"{path}:{record.line}: ", why]), "leads")
    values = {name: cell.strip() for name, cell in zip(header, record.cells, strict=False) if cell.strip()}
    zone = values.get(TIME_ZONE)
    if zone and find_time_zone(zone) is None:
        why = Message("unknown time zone {zone!r}; write an IANA name such as Asia/Tokyo", zone=zone)
        raise Invalid(joined("", [f"{path}:{record.line}: ", why]), "leads")
    day = values.get(DAY)
    if day is not None and not (day.isascii() and day.isdecimal() and int(day) <= _LAST_DAY):
        raise Invalid(
            Message(
                "{key}:{line}: day {day!r} is no number from 0 to {last_day}",
                key=path,
                line=record.line,
                day=day,
                last_day=_LAST_DAY,
            ),
            "leads",
        )
    return values
