"""The base rule set for comparison and phases: a file, a playbook directory, or the live rules of a stage."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sodate.authoring.document import validated
from sodate.errors import Invalid, NotFound
from sodate.playbook.store import ONLY, Definitions
from sodate.playbook.yamlfile import parse
from sodate.scoring.rules import RuleSet


@dataclass(frozen=True)
class Base:
    """`body`: the parsed document, `where`: its origin for messages."""

    body: Mapping[str, Any]
    rules: RuleSet
    where: str

    @property
    def activity_rules(self) -> list[str]:
        """Ids of activity rules, which a history of attributes cannot evaluate."""
        return [str(rule["id"]) for rule in self.body["rules"] if rule["when"].get("activity")]


def base_of_file(path: Path) -> Base:
    """The base of a rules.yaml, or of the playbook directory that holds one.

    Raises: `Invalid`.
    """
    path = path / "rules.yaml" if path.is_dir() else path
    try:
        read = parse(path.name, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"cannot read {path}: {error}") from error
    problems = read.problems or validated(RuleSet, str(path), read.data, read.lines)[1]
    if problems:
        raise Invalid(f"{path} line {problems[0].line}: {problems[0].message}")
    return _checked(json.loads(json.dumps(read.data)), str(path))  # plain data, also what was one line of text


def base_of_stage(definitions: Definitions, where: str) -> Base:
    """The base of the live rules. `where` names the stage in messages.

    Raises: `Invalid`, `NotFound`.
    """
    try:
        return _checked(definitions.live("rules", ONLY).body, f"live rule set of {where}")
    except NotFound as error:
        raise NotFound(f"{where} has no live rule set to compare with; leave --stage out") from error


def _checked(body: Any, where: str) -> Base:
    try:
        return Base(body, RuleSet.model_validate(body), where)
    except ValidationError as error:
        raise Invalid(
            f"{where} is no valid rule set; see `sodate playbook check`: {error.errors()[0]['msg']}"
        ) from error
