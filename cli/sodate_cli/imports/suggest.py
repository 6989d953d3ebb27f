"""Suggests a mapping from the column names and the first rows. The operator reviews it before use."""

import json
import re
from collections.abc import Iterable, Sequence

from sodate.errors import Invalid
from sodate.imports.mapping import NO, YES
from sodate.imports.reader import Records, survey
from sodate.leads.text import fold

from sodate_cli.imports.files import Opened, reading

_SAMPLE = 200
_KNOWN = {
    "email": ("email", "e-mail", "mail", "email address", "メール", "メールアドレス", "eメール"),
    "external_id": ("id", "prospect id", "contact id", "lead id", "customer id", "顧客id", "会員番号", "リードid"),
    "created": ("created", "created at", "作成日", "登録日", "作成日時", "登録日時"),
    "updated": ("updated", "updated at", "last modified", "更新日", "更新日時", "最終更新日"),
    "primary.name": ("name", "full name", "氏名", "名前", "お名前", "担当者名"),
    "primary.company": ("company", "company name", "会社", "会社名", "企業名", "貴社名"),
    "primary.title": ("title", "job title", "役職"),
    "primary.department": ("department", "部署", "部署名"),
    "primary.phone": ("phone", "phone number", "tel", "電話", "電話番号"),
}
_TARGET = re.compile(r"(email|created|updated|(primary|secondary|source)\.[a-z][a-z0-9_]{0,39})")
_NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?")
_OF_NO_USE = ("blocked", "topics", "total", "phase", "hot")


def suggested(file: Opened) -> str:
    """A mapping.yaml as text.

    Raises: `Invalid` for a file without a first line.
    """
    with reading(file) as stream:
        result = survey(stream)
    with reading(file) as stream:
        records = Records(stream, result.encoding, ",")
        rows = [r.cells for r, _ in zip(records, range(_SAMPLE + 1), strict=False) if r.cells is not None]
    if not rows:
        raise Invalid("the file has no first line that names its columns", "header")
    return "\n".join(_lines(file.name, rows[0], rows[1:])) + "\n"


def _lines(name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    yield f"# A suggestion from {name}: read every line. docs/import.md says what each key means."
    yield "source: my-system  # whose ids these are"
    yield 'not_given: ["", "-"]'
    yield "columns:"
    taken: set[str] = set()
    ignored = []
    for number, column in enumerate(header):
        target = _target(column.strip(), number, taken)
        if target is None:
            ignored.append(column.strip())
            continue
        taken.add(target)
        kind = _type([row[number].strip() for row in rows if len(row) > number]) if "." in target else "text"
        right = target if kind == "text" else f"{{to: {target}, type: {kind}}}"
        yield f"  {json.dumps(column.strip(), ensure_ascii=False)}: {right}"
    yield f"ignore: {json.dumps(ignored, ensure_ascii=False)}"


def _target(column: str, number: int, taken: set[str]) -> str | None:
    if column in _OF_NO_USE:
        return None
    wanted = next((target for target, names in _KNOWN.items() if fold(column) in names), None)
    if wanted is None and _TARGET.fullmatch(column):
        wanted = column
    if wanted is None and column.startswith("external_id."):
        wanted = "external_id"
    if wanted is None or wanted in taken:
        slug = re.sub(r"[^a-z0-9]+", "_", fold(column)).strip("_")[:36]
        wanted = f"secondary.{slug if slug[:1].isalpha() else f'column_{number + 1}'}"
    while wanted in taken:
        wanted = f"{wanted}_2"[:50]
    return wanted


def _type(cells: Iterable[str]) -> str:
    given = {fold(cell) for cell in cells if cell}
    if given and all(_NUMBER.fullmatch(cell) for cell in given) and given - {"0", "1"}:
        return "number"
    return "bool" if given and given <= {*YES, *NO} else "text"
