"""What people call what the playbook names by ids. Programs get the ids."""

from collections.abc import Callable, Mapping
from typing import Literal

from sodate.activities.kinds import labels_of
from sodate.activities.live import declared_activities
from sodate.errors import SodateError
from sodate.playbook.store import Definitions, parsed
from sodate.reports.titles import segment_titles, titles_of
from sodate.sales.definition import Sales
from sodate.scoring.rules import RuleSet

from sodate_cli.languages import spoken


def with_id(label: str, id_: str) -> str:
    return id_ if label in ("", id_) else f"{label} ({id_})"


What = Literal[
    "activity", "campaign", "category", "deal_stage", "field", "form", "owner", "phase", "segment", "sequence", "topic"
]


class Labels:
    """Of the live playbook, in the language of the command. Each kind is read once, when it is first asked for."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._read: dict[What, Mapping[str, str]] = {}

    @classmethod
    def of_stage(cls) -> "Labels":
        return cls(Definitions())

    def of(self, what: What, id_: str) -> str:
        """The label; the id of what has none, or is no longer there."""
        if what not in self._read:
            try:
                self._read[what] = _READERS[what](self._definitions)
            except SodateError:  # the playbook has no such file, or the table does not answer
                self._read[what] = {}
        return self._read[what].get(id_) or id_

    def named(self, what: What, id_: str) -> str:
        """`資料請求 (request-materials)`: the label, and what a command takes; the id alone where it has no label."""
        return with_id(self.of(what, id_), id_)


def answers(definitions: Definitions, form: str, given: Mapping[str, object]) -> dict[str, object]:
    """The answers of a form post by what the form calls its fields; by their names after the form has gone."""
    try:
        fields = definitions.live("form", form).body["fields"]
    except SodateError:  # the form has gone, or the table does not answer
        return dict(given)
    return by_label({str(one["name"]): str(one.get("label") or one["name"]) for one in fields}, given)


def by_label(labels: Mapping[str, str], given: Mapping[str, object]) -> dict[str, object]:
    """The values by label; with the id where two have one label."""
    names = {id_: labels.get(id_, id_) for id_ in given}
    twice = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {with_id(name, id_) if name in twice else name: given[id_] for id_, name in names.items()}


def _activities(definitions: Definitions) -> dict[str, str]:
    return labels_of(declared_activities(definitions), spoken())


def _categories(definitions: Definitions) -> dict[str, str]:
    return {one.id: one.label for one in parsed(definitions.live("rules"), RuleSet).categories}


def _phases(definitions: Definitions) -> dict[str, str]:
    return {one.id: one.label for one in parsed(definitions.live("rules"), RuleSet).phases}


def _fields(definitions: Definitions) -> dict[str, str]:
    """As the first form that asks for it calls it."""
    from sodate.authoring.check import Definition
    from sodate.authoring.known_fields import known_fields

    forms = [Definition("form", one.id, one.body) for one in definitions.all_live("form")]
    return {path: one.labels[0] for path, one in known_fields(forms).items() if one.labels}


def _topics(definitions: Definitions) -> dict[str, str]:
    return {str(one["id"]): str(one["name"]) for one in definitions.live("mailing").body["topics"]}


def _owners(definitions: Definitions) -> dict[str, str]:
    return {one.id: one.name for one in parsed(definitions.live("sales"), Sales).owners}


def _deal_stages(definitions: Definitions) -> dict[str, str]:
    return {one.id: one.label for one in parsed(definitions.live("sales"), Sales).deals.stages}


_READERS: Mapping[What, Callable[[Definitions], Mapping[str, str]]] = {
    "activity": _activities,
    "campaign": lambda definitions: dict(titles_of(definitions, "campaign")),
    "category": _categories,
    "deal_stage": _deal_stages,
    "field": _fields,
    "form": lambda definitions: dict(titles_of(definitions, "form")),
    "owner": _owners,
    "phase": _phases,
    "segment": segment_titles,
    "sequence": lambda definitions: dict(titles_of(definitions, "sequence")),
    "topic": _topics,
}
