"""The model of each kind of definition. Imported on first use: a form post needs no scoring rules."""

from importlib import import_module

from pydantic import BaseModel

from sodate.activities.declared import types_not_of_the_catalog
from sodate.activities.live import never_declared
from sodate.errors import Invalid
from sodate.messages import Message
from sodate.playbook.store import DefinitionUnreadable, Stored, parsed


def must_read(stored: Stored) -> None:
    """Check that this release can read and render the definition, and knows the activities that it names.

    Raises: `DefinitionUnreadable`.
    """
    read = _must_compile_to_a_program(stored) if stored.kind == "sequence" else parsed(stored, model_of(stored.kind))
    if stored.kind == "template":
        _must_compile(stored, read)
    _must_know_its_activities(stored, read)


#: Module and model of each kind; `sequence` has two.
MODELS: dict[str, tuple[str, str]] = {
    "form": ("sodate.forms.definition", "Form"),
    "template": ("sodate.email.content.template", "Template"),
    "activities": ("sodate.activities.declared", "DeclaredActivities"),
    "mailing": ("sodate.email.mailing", "Mailing"),
    "rules": ("sodate.scoring.rules", "RuleSet"),
    "sales": ("sodate.sales.definition", "Sales"),
    "segments": ("sodate.segments.segment", "SegmentSet"),
    "broadcast": ("sodate.broadcasts.broadcast", "Broadcast"),
    "campaign": ("sodate.campaigns.campaign", "PublishedCampaign"),
    "tracking": ("sodate.tracking.definition", "Tracking"),
    "kpis": ("sodate.kpis.target", "KpiTargets"),
    "attribution": ("sodate.campaigns.attribution_rules", "AttributionRules"),
    "reports": ("sodate.email.report_schedule", "ReportsFile"),
    "overrides": ("sodate.playbook.overrides", "Overrides"),
}


def model_of(kind: str) -> type[BaseModel]:
    module, name = MODELS[kind]
    model: type[BaseModel] = getattr(import_module(module), name)
    return model


def _must_compile_to_a_program(stored: Stored) -> BaseModel:
    from sodate.scenarios.programs import model_of, program_of

    program_of(stored)
    return parsed(stored, model_of(stored))


def _must_know_its_activities(stored: Stored, read: BaseModel) -> None:
    """A condition about an activity of a newer release would never hold: points lost, and scenarios never left."""
    if unknown := never_declared(types_not_of_the_catalog(read)):
        raise DefinitionUnreadable(
            Message(
                "this release does not know the activity {activity} of {definition}, and no version of"
                " activities.yaml declares it; deploy the release that wrote it, or declare the activity",
                activity=unknown[0],
                definition=stored.name,
            )
        )


def _must_compile(stored: Stored, template: BaseModel) -> None:
    """A filter that this release does not have would fail each email at its rendering, after its claim."""
    from sodate.email.content.render import must_compile
    from sodate.email.content.template import Template

    if isinstance(template, Template):
        try:
            for one in template.in_each_language():
                must_compile(one.subject, one.html, one.text)
        except Invalid as error:
            raise DefinitionUnreadable(
                Message("this release cannot render {definition}: {error}", definition=stored.name, error=str(error))
            ) from error
