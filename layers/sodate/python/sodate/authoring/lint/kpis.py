"""Lint rules of kpis.yaml. The stored model accepts what these refuse, so that reports can read older versions."""

from collections.abc import Iterator

from sodate.authoring.lint.context import Context
from sodate.kpis.catalog import BY_NAME
from sodate.kpis.target import KpiTarget
from sodate.messages import Message
from sodate.playbook.problem import Problem, did_you_mean


def targets_are_of_known_kpis(context: Context) -> Iterator[Problem]:
    doc = context.book.kpis
    for index, target in _targets(context):
        if doc is not None and target.kpi not in BY_NAME:
            hint = did_you_mean(target.kpi, BY_NAME, Message("docs/kpis.md lists the KPIs"))
            yield doc.problem(
                ("targets", index, "kpi"), Message("there is no KPI `{kpi}`", kpi=target.kpi), hint, "kpi-exists"
            )


def money_is_of_campaigns(context: Context) -> Iterator[Problem]:
    doc = context.book.kpis
    for index, target in _targets(context):
        kpi = BY_NAME.get(target.kpi)
        is_of_campaigns = target.scope == "all" or target.scope.startswith("campaign:")
        if doc is not None and kpi is not None and not kpi.is_counted and not is_of_campaigns:
            message = Message(
                "`{kpi}` is about money or ads: `{scope}` has no such figure", kpi=target.kpi, scope=target.scope
            )
            hint = Message("write `all` or `campaign:<id>`")
            yield doc.problem(("targets", index, "scope"), message, hint, "kpi-scope")


def _targets(context: Context) -> Iterator[tuple[int, KpiTarget]]:
    doc = context.book.kpis
    yield from enumerate(doc.model.targets if doc is not None and doc.model is not None else ())


RULES = (targets_are_of_known_kpis, money_is_of_campaigns)
