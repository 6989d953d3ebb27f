"""Writes learnt rules as rules.yaml: readable ids and labels, and cuts that the language allows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from sodate.conditions.language import AttributeTest, tests
from sodate.scoring.rules import RuleSet

from calibration.candidates import Test
from calibration.cuts import Cuts
from calibration.learn import Rule
from calibration.outcomes import snake
from calibration.table import Column, Outcomes

_LONGEST_ID, _LONGEST_LABEL = 60, 200
_KEPT_OF_BASE = ("phases", "rank", "time_zone")


@dataclass(frozen=True)
class Written:
    """A rule as in the file. `turned`: negated with `not`, so that it gives points instead of costing them."""

    id: str
    label: str
    when: dict[str, Any]
    points: int
    rule: Rule
    turned: bool = False


def written(rules: Sequence[Rule], data: Outcomes) -> list[Written]:
    taken: set[str] = set()
    result = []
    for rule in rules:
        tests = _merged(rule.tests, data)
        when = tests[0] if len(tests) == 1 else {"all": tests}
        label = " & ".join(_label(test, data) for test in tests)
        result.append(Written(_slug(tests, taken), _short(label, _LONGEST_LABEL), when, rule.points, rule))
    return result


def lifted(rules: Sequence[Written], cuts: Cuts) -> tuple[list[Written], Cuts, bool]:
    """Raise all cuts to at least 1, as rules.yaml requires, by negating the rules with the largest costs.

    Every score rises by the same amount, so the ranking stays. The last value is True when that was not enough.
    """
    missing, turned = 1 - min(cuts.mql, cuts.cool + 1), set[str]()
    for rule in sorted(rules, key=lambda rule: rule.points):
        if missing <= sum(-other.points for other in rules if other.id in turned) or rule.points >= 0:
            break
        turned.add(rule.id)
    lift = sum(-rule.points for rule in rules if rule.id in turned)
    moved = [_turned(rule) if rule.id in turned else rule for rule in rules]
    hot, mql = max(1, cuts.hot + lift), max(1, cuts.mql + lift)
    return moved, Cuts(hot, min(max(0, cuts.cool + lift), hot - 1), mql), lift < missing


def document(rules: Sequence[Written], cuts: Cuts, base: Mapping[str, Any] | None) -> dict[str, Any]:
    """The rule set as a document.

    Raises: `pydantic.ValidationError` if production would reject it.
    """
    result: dict[str, Any] = {
        "hot": {"threshold": cuts.hot, "cool_below": cuts.cool},
        "rules": [{"id": r.id, "label": r.label, "when": r.when, "points": r.points} for r in rules],
        "phases": _phases(cuts),
    }
    result |= {key: base[key] for key in _KEPT_OF_BASE if base is not None and key in base}
    RuleSet.model_validate(result)
    return result


def to_yaml(result: Mapping[str, Any], comments: Sequence[str]) -> str:
    """Short maps on one line, as people write rules; strings that YAML could misread are quoted."""
    lines = [f"# {line}".rstrip() for line in [*comments, *declared_fields(result)]]
    lines += ["hot:", *(f"  {key}: {_flow(value)}" for key, value in result["hot"].items()), "", "rules:"]
    for rule in result["rules"]:
        lines += [f"  - id: {_flow(rule['id'])}", f"    label: {_flow(rule['label'])}"]
        lines += [f"    when: {_flow(rule['when'])}", f"    points: {rule['points']}"]
    for key in _KEPT_OF_BASE:
        if isinstance(result.get(key), list):
            lines += ["", f"{key}:", *(f"  - {_flow(entry)}" for entry in result[key])]
        elif key in result:
            lines += ["", f"{key}: {_flow(result[key])}"]
    return "\n".join(lines) + "\n"


def declared_fields(result: Mapping[str, Any]) -> list[str]:
    """The rules' attributes as playbook.yaml declares those that no form fills."""
    types: dict[str, str] = {}
    for test in (test for rule in RuleSet.model_validate(result).rules for test in tests(rule.when)):
        if isinstance(test, AttributeTest):
            is_number = test.at_least is not None or test.less_than is not None
            types[test.attribute] = "number" if is_number else types.get(test.attribute, "text")
    entries = [f"  - {{ name: {name}, type: {kind} }}" for name, kind in sorted(types.items())]
    return ["", "For playbook.yaml, without those that a form fills:", "fields:", *entries]


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return text.removesuffix("...\n").strip()


def _phases(cuts: Cuts) -> list[dict[str, Any]]:
    """認知 for everybody, 検討 from the MQL cut on, 決定 from the hot cut on."""
    result: list[dict[str, Any]] = [{"id": "awareness", "label": "認知"}]
    if cuts.mql < cuts.hot:
        result.append({"id": "consideration", "label": "検討 (MQL)", "when": _total_at_least(cuts.mql)})
    return [*result, {"id": "decision", "label": "決定", "when": _total_at_least(cuts.hot)}]


def _total_at_least(total: int) -> dict[str, Any]:
    return {"score": "total", "at_least": total}


def _merged(tests: Sequence[Test], data: Outcomes) -> list[dict[str, Any]]:
    """Two bounds of one number are one range."""
    result: dict[int, dict[str, Any]] = {}
    for test in tests:
        column = data.columns[test.column]
        result.setdefault(test.column, {"attribute": column.path}).update(_test(test, column))
    return list(result.values())


def _test(test: Test, column: Column) -> dict[str, Any]:
    if test.kind in ("present", "absent"):
        return {"present": test.kind == "present"}
    if test.kind == "any_of":
        values = [column.levels[code] for code in test.levels]
        return {"equals": values[0]} if len(values) == 1 else {"any_of": values}
    return {test.kind: int(test.bound) if test.bound == int(test.bound) else test.bound}


def _turned(rule: Written) -> Written:
    label = _short(f"not ({rule.label})", _LONGEST_LABEL)
    return Written(_cut(f"not-{rule.id}"), label, {"not": rule.when}, -rule.points, rule.rule, turned=True)


def _label(test: Mapping[str, Any], data: Outcomes) -> str:
    name = next(column.name for column in data.columns if column.path == test["attribute"])
    if "present" in test:
        return f"{name}: {'given' if test['present'] else 'not given'}"
    if "equals" in test:
        return f"{name}: {test['equals']}"
    if "any_of" in test:
        values = test["any_of"]
        return f"{name}: {' / '.join(values[:3])}{f' (+{len(values) - 3})' if len(values) > 3 else ''}"
    low, high = test.get("at_least"), test.get("less_than")
    if low is not None and high is not None:
        return f"{name}: {_number(low)} – {_number(high)}"
    return f"{name} ≥ {_number(low)}" if low is not None else f"{name} < {_number(test['less_than'])}"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _slug(tests: Sequence[Mapping[str, Any]], taken: set[str]) -> str:
    room = _LONGEST_ID // len(tests) - 1
    text = "-and-".join(_slug_part(test, room - 4) for test in tests)
    slug, number = _cut(text), 2
    while slug in taken or _cut(f"not-{slug}") in taken:
        slug, number = f"{text[: _LONGEST_ID - 8].strip('-')}-{number}", number + 1
    taken |= {slug, _cut(f"not-{slug}")}
    return slug


def _slug_part(test: Mapping[str, Any], room: int) -> str:
    """Half of the room for the attribute if the value needs the other half."""
    name = test["attribute"].split(".")[1].replace("_", "-")
    values = [str(value) for key, value in test.items() if key not in ("attribute", "any_of", "present")]
    values += [f"{test['any_of'][0]} or {len(test['any_of']) - 1} more"] if "any_of" in test else []
    said = {"at_least": "from", "less_than": "below"}
    ranges = [f"{said[key]} {test[key]}" for key in said if key in test]
    tail = " ".join(ranges) or (
        "given" if test.get("present") else "missing" if "present" in test else " ".join(values)
    )
    tail = re.sub(r"[^a-z0-9]+", "-", _ascii(tail).lower()).strip("-")
    name = name[: max(room // 2, room - len(tail) - 1)].strip("-")
    return f"{name}-{tail}"[:room].strip("-")


def _ascii(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text) if snake(text) or re.search(r"\d", text) else "value"


def _cut(text: str) -> str:
    return text[:_LONGEST_ID].strip("-")


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
