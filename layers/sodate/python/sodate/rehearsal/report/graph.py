"""The graph of a scenario as SVG: a box per step with the enrollments that came, a line per exit. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from markupsafe import Markup

from sodate.rehearsal.report.catalogs import Catalog, shown
from sodate.rehearsal.report.graph_layout import Box, Layout, Point, layout
from sodate.rehearsal.report.phrases import exit_name, step_does, wait

_WIDTH, _LINE, _PADDING, _BAR = 226.0, 17.0, 10.0, 5.0
_END = (86.0, 28.0)
#: Half-width characters that fit in a box and beside a line.
_IN_BOX, _BESIDE = 29, 22
_THINNEST, _THICKEST = 1.2, 9.0


@dataclass(frozen=True)
class _Line:
    """An exit: from a box to a box, with what it is called."""

    edge: tuple[int, int]
    exit: Mapping[str, Any]
    step: str


def graph(name: str, scenario: Mapping[str, Any], catalog: Catalog) -> Markup:
    """Every exit to the end has an end of its own, so that no line crosses the drawing for it."""
    steps, lines = scenario["steps"], list(_lines(scenario["steps"]))
    ends = [line for line in lines if line.exit["to"] == "end"]
    placed = layout([*map(_size, steps), *[_END for _ in ends]], [line.edge for line in lines])
    entered = scenario["entered"]
    drawn = [_edge(line, number, placed, entered, catalog) for number, line in enumerate(lines)]
    drawn += [_box(step, box, entered, catalog) for step, box in zip(steps, placed.boxes, strict=False)]
    drawn += [_end(line, box, catalog) for line, box in zip(ends, placed.boxes[len(steps) :], strict=True)]
    drawn += [_label(line, number, placed, catalog) for number, line in enumerate(lines)]
    label = catalog.text("page", "graph_of", scenario=name)
    return Markup(
        '<svg class="graph" role="img" aria-label="{}" width="{:.0f}" height="{:.0f}" viewBox="0 0 {:.0f} {:.0f}">'
        "{}</svg>"
    ).format(label, placed.width, placed.height, placed.width, placed.height, Markup("").join(drawn))


def _lines(steps: list[Mapping[str, Any]]) -> Iterator[_Line]:
    """Ends follow the steps, in the order of the exits that lead to them."""
    index, ends = {step["id"]: number for number, step in enumerate(steps)}, len(steps)
    for step in steps:
        for one in step["exits"]:
            if one["to"] == "end":
                yield _Line((index[step["id"]], ends), one, step["id"])
                ends += 1
            else:
                yield _Line((index[step["id"]], index[one["to"]]), one, step["id"])


def _size(step: Mapping[str, Any]) -> tuple[float, float]:
    lines = 3 + bool(step["wait"]) + bool(step["inside"] or step["ended_here"])
    return _WIDTH, _PADDING * 2 + _LINE * lines + _BAR


def _box(step: Mapping[str, Any], box: Box, entered: int, catalog: Catalog) -> Markup:
    what = f"{catalog.text('kind', step['kind'])} {step['subject']}".strip()
    texts = [(step["id"], "id"), (what, ""), (wait(catalog, step["wait"]), "wait")]
    texts += [(_counts(step, catalog, "came"), "count"), (_counts(step, catalog, "inside", "ended_here"), "count")]
    rows = [
        Markup('<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>').format(
            box.x + _PADDING, box.y + _PADDING + _LINE * (number + 0.75), style, fitted(text, _IN_BOX)
        )
        for number, (text, style) in enumerate((text, style) for text, style in texts if text)
    ]
    share = min(1.0, step["came"] / entered) if entered else 0.0
    return Markup(
        '<g class="step{}"><title>{}</title><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="6"/>{}'
        '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"/></g>'
    ).format(
        "" if step["came"] else " dead", _full(step, catalog), box.x, box.y, box.width, box.height,
        Markup("").join(rows), box.x + _PADDING, box.bottom - _PADDING, (box.width - 2 * _PADDING) * share, _BAR,
    )  # fmt: skip


def _counts(step: Mapping[str, Any], catalog: Catalog, *keys: str) -> str:
    counted = [(key, step[key]) for key in keys if key == "came" or step[key]]
    return " · ".join(f"{catalog.text('column', key)} {shown(count)}" for key, count in counted)


def _full(step: Mapping[str, Any], catalog: Catalog) -> str:
    return f"{step['id']}: {step_does(catalog, step)}; {_counts(step, catalog, 'came', 'inside', 'ended_here')}"


def _end(line: _Line, box: Box, catalog: Catalog) -> Markup:
    text = catalog.text("page", "end")
    return Markup(
        '<g class="end{}"><rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="14"/>'
        '<text x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text></g>'
    ).format(_dead(line), box.x, box.y, box.width, box.height, box.x + box.width / 2, box.y + 18.5, text)


def _edge(line: _Line, number: int, placed: Layout, entered: int, catalog: Catalog) -> Markup:
    share = line.exit["enrollments"] / entered if entered else 0.0
    width = _THINNEST + (_THICKEST - _THINNEST) * min(1.0, share)
    path = _straight(placed.routes[number]) if number in placed.backward else _curve(placed.routes[number])
    return Markup('<g class="edge{}"><title>{}</title><path d="{}" stroke-width="{:.1f}"/>{}</g>').format(
        _dead(line), _about(line, catalog), path, width, _arrow(placed, number, width)
    )


def _about(line: _Line, catalog: Catalog) -> str:
    condition = f" [{line.exit['condition']}]" if line.exit["condition"] else ""
    name = f"{exit_name(catalog, line.exit['exit'])}{condition}"
    return f"{line.step}: {name} → {line.exit['to']}: {shown(line.exit['enrollments'])}"


def _label(line: _Line, number: int, placed: Layout, catalog: Catalog) -> Markup:
    """Beside the first part of the line; lines that leave one box side by side have it at different heights."""
    route = placed.routes[number]
    (x, y), (to_x, to_y) = route[0], route[1]
    down = 0.42 + 0.26 * (number % 2)
    if number in placed.backward:
        x, y, to_x, to_y, down = x, y - 6, x, y - 6, 0.0
    name = exit_name(catalog, line.exit["exit"])
    is_named = line.exit["exit"] != "then"
    text = (
        f"{fitted(name, _BESIDE)}: {shown(line.exit['enrollments'])}" if is_named else shown(line.exit["enrollments"])
    )
    ease = 3 * down**2 - 2 * down**3
    anchor = "start" if number in placed.backward else "middle"
    return Markup('<text class="label{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        _dead(line), x + (to_x - x) * ease, y + (to_y - y) * down + 4, anchor, text
    )


def _dead(line: _Line) -> str:
    return "" if line.exit["enrollments"] else " dead"


def _curve(route: tuple[Point, ...]) -> str:
    (x, y), path = route[0], [f"M{route[0][0]:.1f} {route[0][1]:.1f}"]
    for to_x, to_y in route[1:]:
        middle = (y + to_y) / 2
        path.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
        x, y = to_x, to_y
    return "".join(path)


def _straight(route: tuple[Point, ...]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in route)


def _arrow(placed: Layout, number: int, width: float) -> Markup:
    (x, y), half = placed.routes[number][-1], max(4.5, width * 0.9)
    points = f"{x:.1f},{y:.1f} {x + 8:.1f},{y - half:.1f} {x + 8:.1f},{y + half:.1f}"
    if number not in placed.backward:
        points = f"{x:.1f},{y:.1f} {x - half:.1f},{y - 8:.1f} {x + half:.1f},{y - 8:.1f}"
    return Markup('<polygon points="{}"/>').format(points)


def fitted(text: str, most: int) -> str:
    """At most so many half-width characters; Japanese ones count twice. A cut text ends with `…`."""
    widths = [2 if east_asian_width(character) in "WFA" else 1 for character in text]
    if sum(widths) <= most:
        return text
    kept, used = 0, 1
    while used + widths[kept] <= most:
        used += widths[kept]
        kept += 1
    return f"{text[:kept]}…"
