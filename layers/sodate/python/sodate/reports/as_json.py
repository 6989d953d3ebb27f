"""A report as one JSON document (schemas/report/report.v1.json). Pure.

A text is a string, a figure an object with its unit, what is not measured null.
"""

from typing import Any

from sodate.reports.document import Block, Cell, Column, Report

FORMAT = 1


def as_json(report: Report) -> dict[str, Any]:
    period = report.period
    return {
        "format": FORMAT,
        "kind": report.kind,
        "subject": report.subject or None,
        "title": report.title,
        "language": report.language,
        "period": {
            "first": period.first.isoformat(),
            "last": period.last.isoformat(),
            "time_zone": period.time_zone,
        },
        "as_of": report.as_of.isoformat(),
        "notes": list(report.notes),
        "blocks": [_block(block) for block in report.blocks],
        "definitions": [
            {"term": one.term, "meaning": one.meaning, "formula": one.formula or None} for one in report.definitions
        ],
    }


def _block(block: Block) -> dict[str, Any]:
    columns = block.table.columns
    return {
        "id": block.id,
        "title": block.title,
        "columns": [_column(column) for column in columns],
        "rows": [
            {column.id: _cell(cell) for column, cell in zip(columns, row, strict=True)} for row in block.table.rows
        ],
        "notes": list(block.notes),
    }


def _column(column: Column) -> dict[str, Any]:
    return {"id": column.id, "label": column.label, "unit": str(column.unit) if column.unit else None}


def _cell(cell: Cell) -> Any:
    if cell is None or isinstance(cell, str):
        return cell
    figure: dict[str, Any] = {"value": cell.value, "unit": str(cell.unit)}
    if cell.currency:
        figure["currency"] = cell.currency
    if cell.interval is not None:
        figure["interval"] = list(cell.interval)
    if cell.is_not_defined:
        figure["not_defined"] = str(cell.reason)
    return figure
