"""Bars as inline SVG that fills the width it gets, without a script; figures also stand in a table below. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sodate.rehearsal.report.catalogs import shown
from sodate.rehearsal.report.markup import table
from sodate.rehearsal.report.tables import Cell, Table, by_size

#: Colours that are told apart; the last one is of all other sources together.
COLOURS = 8
_LABELS = 6
_HEIGHT = 100.0


@dataclass(frozen=True)
class Chart:
    """`stacks`: key of a bar → part → figure. `head`: of the keys in the table. `others`: the name of the rest."""

    title: str
    details: str
    head: str
    others: str
    total: str
    stacks: Mapping[str, Mapping[str, int]]


def stacked_bars(chart: Chart) -> Markup:
    """One bar per key, the parts upon each other, the largest part at the bottom."""
    parts, stacks = _parts(chart)
    top = _round_top(max(sum(stack.values()) for stack in stacks.values()))
    bars = [_bar(number, key, stack, parts, top) for number, (key, stack) in enumerate(stacks.items()) if stack]
    lines = [Markup('<line x1="0" x2="{}" y1="{}" y2="{}"/>').format(len(stacks), y, y) for y in (0, 50, 100)]
    drawn = Markup("").join([*lines, *bars])
    return Markup(
        '<figure class="chart"><figcaption>{title}</figcaption>{legend}'
        '<div class="plot"><div class="y" aria-hidden="true">'
        "<span>{top}</span><span>{half}</span><span>0</span></div>"
        '<svg role="img" aria-label="{title}" viewBox="0 0 {number} 100" preserveAspectRatio="none">{drawn}</svg>'
        '<div class="x" aria-hidden="true">{labels}</div></div>{details}</figure>'
    ).format(
        title=chart.title, legend=_legend(parts), top=shown(top), half=shown(top // 2 if top % 2 == 0 else top / 2),
        number=len(stacks), drawn=drawn, labels=_labels(list(stacks)), details=_details(chart, parts, stacks),
    )  # fmt: skip


def _parts(chart: Chart) -> tuple[list[str], dict[str, dict[str, int]]]:
    """The names of the parts, the largest first, and the stacks in these parts."""
    sums: dict[str, int] = {}
    for stack in chart.stacks.values():
        for part, count in stack.items():
            sums[part] = sums.get(part, 0) + count
    names = [part for part, _ in by_size(sums)]
    kept = names if len(names) <= COLOURS else names[: COLOURS - 1]
    stacks: dict[str, dict[str, int]] = {key: {} for key in chart.stacks}
    for key, stack in chart.stacks.items():
        for part, count in stack.items():
            name = part if part in kept else chart.others
            stacks[key][name] = stacks[key].get(name, 0) + count
    return [*kept, *([chart.others] if len(kept) < len(names) else [])], stacks


def _bar(number: int, key: str, stack: Mapping[str, int], parts: Sequence[str], top: int) -> Markup:
    """The tooltip is the browser's own."""
    y, rects = _HEIGHT, []
    for colour, part in enumerate(parts):
        if count := stack.get(part, 0):
            height = count / top * _HEIGHT
            y -= height
            rects.append(
                Markup('<rect class="c{}" x="{:.2f}" y="{:.2f}" width="0.8" height="{:.2f}"/>').format(
                    colour, number + 0.1, y, height
                )
            )
    listed = ", ".join(f"{part} {shown(stack[part])}" for part in parts if part in stack)
    title = f"{key}: {shown(sum(stack.values()))} ({listed})"
    return Markup("<g><title>{}</title>{}</g>").format(title, Markup("").join(rects))


def _legend(parts: Sequence[str]) -> Markup:
    key = Markup('<svg class="key" aria-hidden="true" viewBox="0 0 1 1"><rect class="c{}" width="1" height="1"/></svg>')
    entries = [Markup("<li>{}{}</li>").format(key.format(colour), part) for colour, part in enumerate(parts)]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(entries))


def _labels(keys: list[str]) -> Markup:
    """A few keys, each below the middle of its bar. Of a day, without the year."""
    apart = max(1, math.ceil(len(keys) / _LABELS))
    return Markup("").join(
        Markup('<span style="left:{:.2f}%">{}</span>').format((number + 0.5) / len(keys) * 100, keys[number][-5:])
        for number in range(0, len(keys), apart)
    )


def _details(chart: Chart, parts: Sequence[str], stacks: Mapping[str, Mapping[str, int]]) -> Markup:
    rows: list[tuple[Cell, ...]] = [
        (key, sum(stack.values()), *(stack.get(part, 0) for part in parts)) for key, stack in stacks.items() if stack
    ]
    listed = table(Table(chart.title, (chart.head, chart.total, *parts), tuple(rows)))
    return Markup("<details><summary>{}</summary>{}</details>").format(chart.details, listed)


def _round_top(most: int) -> int:
    """The next of 1, 2, 4, 5, 10, 20 … that is not below `most`."""
    power: int = 10 ** (len(str(most)) - 1)
    return next(step * power for step in (1, 2, 4, 5, 10) if step * power >= most)
