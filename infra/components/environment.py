"""The environment of each function: the settings that its catalog entry earns, and no other."""

from collections.abc import Mapping

from infra.catalog import FunctionSpec
from infra.components.secrets import setting_of
from infra.config import Stage


def environment_of(spec: FunctionSpec, stage: Stage, values: Mapping[str, str]) -> dict[str, str]:
    """`values` holds every setting of the stack; a name that nobody provides is a KeyError at synth time."""
    wanted = [*spec.settings, *(setting_of(name) for name in spec.secrets)]
    if spec.table:
        wanted.append("SODATE_TABLE")
    if spec.plans_sends:
        wanted.append("SODATE_SEND_QUEUE_URL")
    if spec.defers_events:
        wanted.append("SODATE_EVENTS_QUEUE_URL")
    if spec.buries:
        wanted.append("SODATE_DEAD_LETTER_URL")
    if spec.counts_event_letters:
        wanted.append("SODATE_EVENT_DEAD_LETTER_URL")
    if spec.erases:
        wanted += ["SODATE_ERASURE_LEDGER", "SODATE_IMPORT_BUCKET", "SODATE_DEAD_LETTER_URLS"]
    if stage.reply_domain:
        wanted += spec.with_replies
    return {
        "SODATE_STAGE": stage.name,
        "POWERTOOLS_SERVICE_NAME": spec.name,
        "POWERTOOLS_LOG_LEVEL": stage.log_level,
        **{name: values[name] for name in wanted},
        **_local_only(spec, stage),
    }


def _local_only(spec: FunctionSpec, stage: Stage) -> dict[str, str]:
    """Time travel for all, and the SES simulator for those who speak with SES."""
    if stage.local is None:
        return {}
    settings = {"SODATE_CLOCK_FILE": stage.local.clock_file}
    if spec.asks_ses:
        settings["AWS_ENDPOINT_URL_SESV2"] = stage.local.ses_endpoint
    return {name: value for name, value in settings.items() if value}
