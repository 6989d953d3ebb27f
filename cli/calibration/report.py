"""The report: one HTML file with inline plots, no script, no external resources. Input values are escaped."""

import io
from collections.abc import Sequence
from html import escape
from typing import Any

from calibration import text

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1c2430}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #d5dae1}
table{border-collapse:collapse;width:100%;font-size:.9rem}td,th{padding:.3rem .6rem;border-bottom:1px solid #e6e9ee;
text-align:left;vertical-align:top}th{background:#f4f6f8}.plots{display:flex;flex-wrap:wrap;gap:1rem}
.plots figure{margin:0;width:22rem}.plots svg{width:100%;height:auto}.warn{background:#fff6e0}p{max-width:46rem}
"""
_HOW = {
    "lift": "Won leads in each tenth, best first, against the average; all were scored by rules that did not see them.",
    "calibration": "Said chance against what happened (isotonic curve, and tenths as dots). On the line is right.",
    "points": "What each rule gives or costs, with the range of 90 % of resampled histories.",
}
Said = dict[str, Any]


def html(said: Said) -> str:
    """Deterministic for the same figures."""
    warned = text.warned(said)
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>Score calibration</title>",
        f"<style>{_STYLE}</style><h1>Score calibration</h1>",
        _table(("", ""), list(text.summary(said).items())),
        "<h2>Warnings</h2>",
        _table(("kind", "about", "what"), warned, "warn") if warned else "<p>None.</p>",
        "<h2>Does it rank, and does it tell the truth?</h2><div class=plots>",
        *(f"<figure>{_plot(kind, said)}<figcaption>{escape(how)}</figcaption></figure>" for kind, how in _HOW.items()),
        "</div>",
        _table(text.TENTHS, text.tenths(said)),
        "<h2>Rules and their evidence</h2>",
        "<p>A lead's score is the plain sum of the points of all rules that hold. “Chosen by” is the share of the"
        " cross-validation's models that chose a rule about the same attributes with the same sign.</p>",
        _table(text.RULES, text.rules(said)),
        "<h2>Columns</h2>",
        f"<p>Used: {escape(', '.join(said['columns']['used']))}</p>",
        _table(("refused", "why"), text.rejected(said)),
        f"<p>Seed {said['seed']}, {said['repeats']} shuffles of {said['folds']} folds, target column"
        f" {escape(said['target'])}.</p></html>",
    ]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], css: str = "") -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class="{css}">{f"<tr>{top}</tr>" if any(head) else ""}{body}</table>'


def _plot(kind: str, said: Said) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": kind, "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(4, 3.2), layout="constrained")
        _DRAW[kind](figure.subplots(), said)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return drawn.getvalue().partition("<svg")[1] + drawn.getvalue().partition("<svg")[2]


def _lift(axes: Any, said: Said) -> None:
    tenths = said["lift_by_decile"]
    axes.bar([one["decile"] for one in tenths], [one["lift"] for one in tenths], color="#3b6ea5")
    axes.axhline(1, color="#888", linewidth=0.8)
    axes.set(xlabel="tenth of the leads, best first", ylabel="lift", xticks=range(1, 11))


def _calibration(axes: Any, said: Said) -> None:
    axes.plot([0, 1], [0, 1], color="#888", linewidth=0.8)
    axes.plot(*zip(*said["calibration"]["curve"], strict=True), color="#3b6ea5")
    tenths = said["lift_by_decile"]
    axes.plot([one["said"] for one in tenths], [one["rate"] for one in tenths], "o", color="#c4572e")
    axes.set(xlabel="said chance", ylabel="share won")


def _points(axes: Any, said: Said) -> None:
    rules = said["rules"][::-1]
    positions = range(len(rules))
    middle = [rule["points"] for rule in rules]
    axes.hlines(
        positions, [r["points_low"] for r in rules], [r["points_high"] for r in rules], color="#9db7d3", linewidth=2
    )
    axes.plot(middle, positions, "o", color="#3b6ea5", markersize=3)
    axes.axvline(0, color="#888", linewidth=0.8)
    axes.set(xlabel="points", ylabel="rule, in the order of the table", yticks=[])


_DRAW = {"lift": _lift, "calibration": _calibration, "points": _points}
