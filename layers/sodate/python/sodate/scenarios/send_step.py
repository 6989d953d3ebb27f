"""One step mail through the protocol: plan, next due entry, claim, send, outcome. Each gap between two writes is seen.

- crash before the claim: the queue or the sweeper brings the step back, the claim still decides;
- crash after the claim: the ledger says `sending`, the sweeper lists it, SES's events may settle it; never sent again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sodate.consent.links import Links
from sodate.due import store as due
from sodate.errors import Conflict, Invalid, NotFound, Transient
from sodate.leads.lead import Profile
from sodate.leads.store import find_state, load_profile
from sodate.mail.deliver import RETRY_AFTER, deliver, fail
from sodate.mail.ledger import FINAL, StepRef
from sodate.mail.merge import merge_values
from sodate.mail.message import step_of
from sodate.mail.render import render
from sodate.mail.sender import Mailing
from sodate.mail.ses import Draft, SesMailer
from sodate.mail.store import SendItem, begin_again, find_send, planned_step, put_back, settle
from sodate.mail.template import Template
from sodate.playbook.store import Definitions, Stored
from sodate.scenarios.calendar import due_at
from sodate.scenarios.claim import claim, pass_over, place, release, why_refused
from sodate.scenarios.sequence import Sequence
from sodate.table import base
from sodate.table.base import ConditionFailed

PAUSE_CHECK = timedelta(hours=1)
#: A step whose predecessor was put off (a paused account, say) looks again after this time.
WAIT_FOR_EARLIER = timedelta(hours=1)


@dataclass(frozen=True)
class StepMail:
    definitions: Definitions
    links: Links
    ses: SesMailer
    stage: str

    def send(self, message: dict[str, Any], now: datetime) -> str:
        """Returns what became of it, in one word; the stored reason is in the ledger."""
        ref = step_of(message)
        sequence = Sequence.model_validate(self.definitions.version("sequence", ref.sequence, ref.version).body)
        if not 0 <= ref.step < len(sequence.steps):
            raise Invalid(f"sequence {ref.sequence} version {ref.version} has no step {ref.step}", "message")
        step = sequence.steps[ref.step]
        if self._is_paused(ref):
            due.plan(now + PAUSE_CHECK, due.SEND, "step", ref.send_id, ref.message(), now)
            return "paused"
        send = self._begin(ref, sequence, now)
        if send is None:
            return "already_done"
        enrolled = self._enrolled(ref)
        self._plan_next(ref, sequence, enrolled, now)
        if enrolled and now > due_at(step, sequence, enrolled) + timedelta(hours=step.valid_hours):
            return self._without_mail(send, ref, "expired", now)
        if not claim(ref, sequence.topic):
            return self._without_mail(send, ref, None, now)
        return self._deliver(send, ref, sequence, now)

    def _is_paused(self, ref: StepRef) -> bool:
        """Pausing is a flag on the live version; runs on older versions obey it too."""
        try:
            live = Sequence.model_validate(self.definitions.live("sequence", ref.sequence).body)
        except NotFound:
            return False
        return live.status == "paused"

    def _begin(self, ref: StepRef, sequence: Sequence, now: datetime) -> SendItem | None:
        send = planned_step(ref, sequence.steps[ref.step].template, sequence.topic, now)
        try:
            base.put_new(send)
        except ConditionFailed:
            held = find_send(ref.lead_id, ref.send_id)
            if held is None or held.state in FINAL or held.state == "unknown":
                return None
            if held.state == "planned":
                try:
                    begin_again(held, now)
                except Conflict:
                    return None
            return held
        return send

    def _enrolled(self, ref: StepRef) -> datetime | None:
        state = find_state(ref.lead_id)
        run = state.enrolments.get(ref.sequence) if state else None
        return datetime.fromisoformat(run.since) if run and run.id == ref.enrolment else None

    def _plan_next(self, ref: StepRef, sequence: Sequence, enrolled: datetime | None, now: datetime) -> None:
        """Before the claim advances the run: a due entry too many dies at its claim, one too few stops the run."""
        following = ref.step + 1
        if enrolled is None or following >= len(sequence.steps):
            return
        then = StepRef(ref.lead_id, ref.sequence, ref.version, following, ref.enrolment)
        at = due_at(sequence.steps[following], sequence, enrolled)
        due.plan(at, due.SEND, "step", then.send_id, then.message(), now)

    def _without_mail(self, send: SendItem, ref: StepRef, reason: str | None, now: datetime) -> str:
        """No claim: why is seen from where the run stands. `reason` None: the claim was refused."""
        state = find_state(ref.lead_id)
        match place(state, ref):
            case "ahead":
                # An earlier delivery of this message holds the claim; its outcome is the sweeper's business.
                return "not_at_this_step"
            case "behind":
                due.plan(now + WAIT_FOR_EARLIER, due.SEND, "step", ref.send_id, ref.message(), now)
                put_back(send, "waits_for_an_earlier_step")
                return "waiting"
            case "gone":
                ended = "lead_erased" if state is None else "enrolment_ended"
                settle(ref.lead_id, ref.send_id, "skipped", now, SendItem.reason.set(ended))
                return "skipped"
        reason = reason or (why_refused(state, send.topic or "") if state else None)
        if reason is None or not pass_over(ref, reason, now):
            raise Transient(f"lead {ref.lead_id} changed while this step was decided")
        return "skipped"

    def _deliver(self, send: SendItem, ref: StepRef, sequence: Sequence, now: datetime) -> str:
        try:
            stored = self.definitions.live("template", sequence.steps[ref.step].template)
            draft = self._draft(ref, sequence, stored, load_profile(ref.lead_id), now)
        except (Invalid, NotFound) as error:
            fail(send, str(error), now)
            return "failed"
        answer = deliver(send, draft, self.ses, now, template_version=stored.version)
        if answer.verdict == "deferred":
            # The way back first: a crash between these writes leaves a due entry, never a mail that nobody sends.
            due.plan(now + RETRY_AFTER, due.SEND, "step", ref.send_id, ref.message(), now)
            release(ref)
            put_back(send, answer.reason or "deferred")
        return answer.verdict

    def _draft(self, ref: StepRef, sequence: Sequence, stored: Stored, profile: Profile, now: datetime) -> Draft:
        template = Template.model_validate(stored.body)
        if template.purpose != "marketing" or template.topic != sequence.topic:
            raise Invalid(f"template {template.id} is not for topic {sequence.topic}", "template")
        sender = Mailing.model_validate(self.definitions.live("mailing").body).sender
        unsubscribe_url = self.links.unsubscribe(ref.lead_id, ref.send_id, sequence.topic, now)
        values = merge_values(profile, sender, unsubscribe_url=unsubscribe_url, preheader=template.preheader)
        mail = render(template.subject, template.html, template.text, values)
        return Draft(
            to=profile.mailbox,
            sender=sender,
            subject=mail.subject,
            html=mail.html,
            text=mail.text,
            tags={
                "send_id": ref.send_id,
                "lead_id": ref.lead_id,
                "purpose": "marketing",
                "sequence": ref.sequence,
                "step": sequence.steps[ref.step].id,
                "stage": self.stage,
            },
            headers={
                # RFC 8058: both headers, over HTTPS, answered by a POST without redirect or cookie.
                "List-Unsubscribe": f"<{unsubscribe_url}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "X-Sodate-Send": ref.send_id,
            },
        )
