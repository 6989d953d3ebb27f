"""Directory → typed documents. Collects every problem and never raises for bad input.

playbook.yaml  forms/*.yaml  templates/*.yaml (+ bodies)  sequences/*.yaml  scenarios/*.yaml  broadcasts/*.yaml
campaigns/*.yaml  rules.yaml  sales.yaml  segments.yaml  activities.yaml  tracking.yaml  attribution.yaml  kpis.yaml
reports.yaml  rehearsal.yaml (never published)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, Field, StringConstraints, model_validator

from sodate.activities.declared import DeclaredActivities
from sodate.authoring import misplaced
from sodate.authoring.document import validated
from sodate.authoring.lead_fields import PlaybookFile
from sodate.authoring.override import apply_overrides, unknown_targets
from sodate.authoring.source import Source
from sodate.broadcasts.broadcast import Broadcast
from sodate.campaigns.attribution_rules import AttributionRules
from sodate.campaigns.campaign import Campaign
from sodate.email.content.template import Preheader, Subject, TemplateHead
from sodate.email.report_schedule import ReportsFile
from sodate.forms.definition import Form
from sodate.kpis.target import KpiTargets
from sodate.messages import Message
from sodate.playbook.explain import in_place, line_of
from sodate.playbook.model import Definition, Language
from sodate.playbook.problem import Problem, Severity
from sodate.playbook.store import ONLY
from sodate.playbook.yamlfile import Lines, Path, dotted, parse
from sodate.rehearsal.assumptions import Assumptions
from sodate.sales.definition import Sales
from sodate.scenarios.scenario import Scenario
from sodate.scenarios.sequence import Sequence
from sodate.scoring.rules import RuleSet
from sodate.segments.segment import SegmentFile
from sodate.tracking.definition import Tracking

BodyFile = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_./-]+\.(mjml|html)$", max_length=200)]


class LanguageFile(Definition):
    """A template in a further language."""

    subject: Subject
    preheader: Preheader = ""
    body: BodyFile


class TemplateFile(TemplateHead):
    """`templates/<id>.yaml`: the head and the name of the body file."""

    body: BodyFile = Field(description="The body: an `.mjml` or `.html` file, relative to this file.")
    languages: dict[Language, LanguageFile] = Field(
        default_factory=dict, description="The email for leads with another language; others get it in `language`."
    )

    @model_validator(mode="after")
    def _languages_are_further_ones(self) -> Self:
        if self.language in self.languages:
            raise ValueError(
                Message("`languages` has `{language}`, the language of the template itself", language=self.language)
            )
        return self


M = TypeVar("M", bound=BaseModel)
SINGLE: dict[str, type[BaseModel]] = {
    "playbook.yaml": PlaybookFile,
    "rules.yaml": RuleSet,
    "sales.yaml": Sales,
    "segments.yaml": SegmentFile,
    "tracking.yaml": Tracking,
    "attribution.yaml": AttributionRules,
    "activities.yaml": DeclaredActivities,
    "kpis.yaml": KpiTargets,
    "reports.yaml": ReportsFile,
    "rehearsal.yaml": Assumptions,
}
MANY: dict[str, type[BaseModel]] = {
    "forms": Form,
    "templates": TemplateFile,
    "sequences": Sequence,
    "scenarios": Scenario,
    "broadcasts": Broadcast,
    "campaigns": Campaign,
}
_BODIES = (".mjml", ".html")
_IGNORED = ("README.md", "README.ja.md")


@dataclass(frozen=True)
class Doc(Generic[M]):
    """One YAML file. `model` is None when it has errors of its own; `id` is known even then.

    `prefix`: the model is that part of the file.
    """

    file: str
    id: str
    model: M | None
    data: Any
    lines: Lines
    prefix: Path = ()

    def problem(
        self,
        path: Path,
        message: str,
        hint: str,
        rule: str,
        *,
        severity: Severity = "error",
        source: str = "",
    ) -> Problem:
        path, message = in_place(self.data, (*self.prefix, *path), message)
        line = line_of(self.lines, path)
        return Problem(self.file, line, dotted(path), message, hint, rule, severity, source)


@dataclass
class Playbook:
    source: Source
    mailing: Doc[PlaybookFile] | None = None
    rules: Doc[RuleSet] | None = None
    sales: Doc[Sales] | None = None
    segments: Doc[SegmentFile] | None = None
    tracking: Doc[Tracking] | None = None
    attribution: Doc[AttributionRules] | None = None
    activities: Doc[DeclaredActivities] | None = None
    kpis: Doc[KpiTargets] | None = None
    reports: Doc[ReportsFile] | None = None
    rehearsal: Doc[Assumptions] | None = None
    forms: list[Doc[Form]] = field(default_factory=list)
    templates: list[Doc[TemplateFile]] = field(default_factory=list)
    sequences: list[Doc[Sequence]] = field(default_factory=list)
    scenarios: list[Doc[Scenario]] = field(default_factory=list)
    broadcasts: list[Doc[Broadcast]] = field(default_factory=list)
    campaigns: list[Doc[Campaign]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def load(directory: FilePath, overrides: Mapping[str, Any] | None = None) -> Playbook:
    playbook = Playbook(Source(directory))
    if not directory.is_dir():
        hint = Message("give the directory that holds playbook.yaml")
        playbook.problems.append(Problem(str(directory), 1, "", Message("is not a directory"), hint, rule="file"))
        return playbook
    reader = _Reader(playbook, dict(overrides or {}))
    playbook.mailing = reader.one("playbook.yaml", PlaybookFile)
    playbook.rules = reader.one("rules.yaml", RuleSet, required=False)
    playbook.sales = reader.one("sales.yaml", Sales, required=False)
    playbook.segments = reader.one("segments.yaml", SegmentFile, required=False)
    playbook.tracking = reader.one("tracking.yaml", Tracking, required=False)
    playbook.attribution = reader.one("attribution.yaml", AttributionRules, required=False)
    playbook.activities = reader.one("activities.yaml", DeclaredActivities, required=False)
    playbook.kpis = reader.one("kpis.yaml", KpiTargets, required=False)
    playbook.reports = reader.one("reports.yaml", ReportsFile, required=False)
    playbook.rehearsal = reader.one("rehearsal.yaml", Assumptions, required=False)
    playbook.forms = reader.many("forms", Form)
    playbook.templates = reader.many("templates", TemplateFile)
    playbook.sequences = reader.many("sequences", Sequence)
    playbook.scenarios = reader.many("scenarios", Scenario)
    playbook.broadcasts = reader.many("broadcasts", Broadcast)
    playbook.campaigns = reader.many("campaigns", Campaign)
    playbook.problems += unknown_targets(reader.overrides, reader.hit, reader.present)
    return playbook


def in_each_language(doc: Doc[TemplateFile]) -> list[Doc[TemplateFile]]:
    """A template in its own language, then in each further one, as if it were a file of its own."""
    variants = doc.model.languages.items() if doc.model else ()
    return [
        doc,
        *(
            replace(
                doc,
                model=doc.model and doc.model.model_copy(update={"language": language, "languages": {}, **dict(text)}),
                prefix=("languages", language),
            )
            for language, text in variants
        ),
    ]


def unread_files(playbook: Playbook) -> list[Problem]:
    """Call it after bodies and includes were read: what is left is a typing error or a leftover."""
    bodies_are_known = all(doc.model is not None for doc in playbook.templates)
    folders = ", ".join(f"{folder}/" for folder in MANY)
    hint = Message("known: {single}, {folders} (*.yaml) and body files", single=", ".join(SINGLE), folders=folders)
    return [
        Problem(name, 1, "", Message("nothing reads this file"), hint, rule="unknown-file", severity="warning")
        for name in playbook.source.listing()
        if name not in playbook.source.used
        and name.split("/")[-1] not in _IGNORED
        and (bodies_are_known or not name.endswith(_BODIES))
    ]


class _Reader:
    def __init__(self, playbook: Playbook, overrides: dict[str, Any]) -> None:
        self.source, self.problems = playbook.source, playbook.problems
        self.overrides = overrides
        self.misplaced = misplaced.misplaced(self.source, SINGLE, MANY)
        self.hit: set[str] = set()
        self.present: set[str] = set()

    def one(self, file: str, model: type[M], *, required: bool = True) -> Doc[M] | None:
        name = self._found(file)
        if not required and not (self.source.root / name).exists():
            return None
        kind = "mailing" if file == "playbook.yaml" else file.removesuffix(".yaml")
        return self._read(name, model, (kind,))

    def _found(self, place: str) -> str:
        """The file that belongs at `place`, wherever it lies."""
        name = self.misplaced.get(place)
        if name is not None:
            self.problems.append(misplaced.problem(name, place))
        return name or place

    def many(self, folder: str, model: type[M]) -> list[Doc[M]]:
        elsewhere = [self._found(place) for place in self.misplaced if place.startswith(f"{folder}/")]
        docs: dict[str, Doc[M]] = {}
        for file in (*self.source.listing(folder), *elsewhere):
            if not file.endswith((".yaml", ".yml")):
                continue
            doc = self._read(file, model, (folder,))
            if doc is None:
                continue
            if doc.id in docs:
                message = Message("the id `{id}` is already used in {file}", id=doc.id, file=docs[doc.id].file)
                self.problems.append(doc.problem(("id",), message, Message("give each its own id"), "duplicate-id"))
                continue
            docs[doc.id] = doc
        return list(docs.values())

    def _read(self, file: str, model: type[M], prefix: tuple[str, ...]) -> Doc[M] | None:
        text = self.source.text(file)
        stem = FilePath(file).stem
        if isinstance(text, Problem):
            self.problems.append(text)
            return Doc(file, stem, None, None, {}) if (self.source.root / file).is_file() else None
        read = parse(file, text)
        self.problems += read.problems
        if read.data is None and read.problems:
            return Doc(file, stem, None, None, read.lines)
        written = read.data.get("id") if isinstance(read.data, dict) else None
        doc_id = written if isinstance(written, str) and written else (stem if prefix[0] in MANY else ONLY)
        address = (*prefix, doc_id) if prefix[0] in MANY else prefix
        self.present.add(prefix[0])
        self.hit |= apply_overrides(read.data, address, self.overrides)
        value, problems = validated(model, file, read.data, read.lines)
        self.problems += problems
        return Doc(file, doc_id, None if read.problems else value, read.data, read.lines)
