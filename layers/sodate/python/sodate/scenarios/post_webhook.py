"""A webhook step: one signed post of the lead's ids, retried; the lead goes on meanwhile.

The post was planned in the write that moved the enrollment, so none is lost; a repeated one has the same id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sodate.activities.activity import Activity, activity_key
from sodate.activities.catalog import ActivityType
from sodate.activities.store import activity_item
from sodate.dynamodb import keys, table
from sodate.dynamodb.table import Put
from sodate.errors import Invalid, Transient
from sodate.leads.contact_state import about_enrollment
from sodate.leads.store import find_state
from sodate.playbook.store import Definitions
from sodate.scenarios.due_entry import WebhookPost
from sodate.scenarios.end_by_error import end_by_error
from sodate.scenarios.programs import program
from sodate.scenarios.steps import WebhookStep
from sodate.scheduling import store as due

#: Between two tries; afterwards it has failed.
_PAUSES = (1, 5, 30, 120, 360, 720)
#: (url, id, payload): posts once. Raises: `Transient`, `Invalid`.
Post = Callable[[str, str, Mapping[str, Any]], None]


@dataclass
class WebhookPosts:
    """One per invocation. A host that did not answer is not called again by it, so that it holds up nobody else."""

    definitions: Definitions
    post: Post
    _silent: set[str] = field(default_factory=set)

    def act(self, message: WebhookPost, now: datetime) -> str:
        """Returns the outcome."""
        step = self._step(message)
        if step is None or find_state(message.lead_id) is None:
            return "webhook_stale"
        host = urlsplit(step.webhook).netloc
        if host in self._silent:
            due.plan(now, due.WEBHOOK, message.ref, message, now)
            return "webhook_put_off"
        try:
            self.post(step.webhook, message.id, _payload(message))
        except Transient as error:
            self._silent.add(host)
            return self._tried(message, step, str(error), now)
        except Invalid as error:
            return self._failed(message, step, str(error), now)
        return "webhook_posted"

    def _step(self, message: WebhookPost) -> WebhookStep | None:
        nodes = program(self.definitions, message.name, message.version).nodes
        step = next((node.step for node in nodes if node.id == message.step), None)
        return step if isinstance(step, WebhookStep) else None

    def _tried(self, message: WebhookPost, step: WebhookStep, why: str, now: datetime) -> str:
        if step.on_error == "skip" or message.tries >= len(_PAUSES):
            return self._failed(message, step, why, now)
        again = replace(message, tries=message.tries + 1)
        due.plan(now + timedelta(minutes=_PAUSES[message.tries]), due.WEBHOOK, again.ref, again, now)
        return "webhook_put_off"

    def _failed(self, message: WebhookPost, step: WebhookStep, why: str, now: datetime) -> str:
        """The reason is in the lead's log; `on_error: stop` ends the enrollment, if the lead is still in it. It is one
        write: after a crash the endpoint may accept the post, which then has not failed.
        """
        type_, reason = ActivityType.SCENARIO_ADVANCED.value, f"{step.id} v{message.version}: webhook failed ({why})"
        about = {**about_enrollment(message.name), "version": message.version, "reason": reason[:500]}
        failed = activity_item(Activity(message.lead_id, type_, now, activity_key(type_, message.id), about))
        enrollment = message.lead_id, message.name, message.enrollment_id
        has_ended = step.on_error == "stop" and end_by_error(*enrollment, step.id, now, (Put(failed),))
        if not has_ended:
            table.put(failed)
        return "webhook_failed"


def _payload(message: WebhookPost) -> dict[str, Any]:
    data = {**about_enrollment(message.name), "version": message.version, "step": message.step}
    ids = {"lead_id": message.lead_id, "enrollment": message.enrollment_id}
    return {"type": "scenario.step", "timestamp": keys.stamp(message.at), "data": {**ids, **data}}
