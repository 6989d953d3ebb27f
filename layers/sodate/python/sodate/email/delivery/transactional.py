"""Transactional email (opt-in confirmation, hand-off): at least once; the sweeper repeats an unknown attempt once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sodate.consent.links import Links
from sodate.email.content.merge import opt_in_values
from sodate.email.content.render import render
from sodate.email.content.template import Template
from sodate.email.delivery.deliver import LATEST_CALL, deliver, fail
from sodate.email.delivery.message import TransactionalSend
from sodate.email.delivery.ses import Answer, OutgoingEmail, SesMailer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.ledger.reason import Reason
from sodate.email.ledger.store import SendItem, begin_again, find_send, put_back, settle
from sodate.email.mailing import Mailing
from sodate.email.reputation import rate_limiter
from sodate.email.reputation.rate_limiter import RateLimit
from sodate.errors import Conflict, Invalid, NotFound
from sodate.leads.contact_state import LIFTED_BY_OPT_IN
from sodate.leads.lead import Profile
from sodate.leads.store import load_profile, load_state
from sodate.playbook.store import Definitions, DefinitionUnreadable, parsed
from sodate.scheduling import store as due

#: Builds one kind of transactional email. The hand-off's composer is in `sales`.
Composer = Callable[[SendItem, datetime], OutgoingEmail]
Clock = Callable[[], datetime]
Sleep = Callable[[float], None]


@dataclass(frozen=True)
class TransactionalEmail:
    """`composers` by the name of the transactional email. `now` and `sleep`: of the clock."""

    composers: Mapping[str, Composer]
    ses: SesMailer
    now: Clock
    sleep: Sleep

    def send(self, lead_id: str, send_id: str, began: datetime) -> dict[str, int]:
        """Number of emails per outcome. For a redelivered message, the send has begun already, and nothing is done.

        `began`: when the invocation began. When its time is over, the email goes back to the due index unattempted.
        """
        if self.now() - began > LATEST_CALL - rate_limiter.PATIENCE:
            _later(lead_id, send_id, self.now())
            return {"no_time": 1}
        return _send(self, lead_id, send_id)


def _send(tools: TransactionalEmail, lead_id: str, send_id: str) -> dict[str, int]:
    send, now, rate_limit = find_send(lead_id, send_id), tools.now(), rate_limiter.load()
    if send is None:
        return {"gone": 1}
    if rate_limit.stopped or rate_limit.is_saturated(now):
        _later(lead_id, send_id, now)
        return {"on_hold": 1}
    try:
        begin_again(send, now)
        outgoing = tools.composers[send.name](send, now)
    except Conflict:
        return {"already_begun": 1}
    except Withheld as withheld:
        settle(lead_id, send_id, "skipped", now, str(withheld))
        return {"skipped": 1}
    except (Invalid, NotFound) as error:  # for example a retired template: SES was not called
        fail(send, str(error), now)
        return {"failed": 1}
    except DefinitionUnreadable:  # by this release; SES was not called
        _later(lead_id, send_id, now)
        put_back(send, Reason.DEFINITION_UNREADABLE)
        return {"on_hold": 1}
    answer, opened = _attempt_in_slot(lambda: deliver(send, outgoing, tools.ses, tools.now()), rate_limit, tools)
    if answer.verdict == Verdict.DEFERRED:
        _later(lead_id, send_id, tools.now())
        put_back(send, answer.reason or "deferred")
    return {answer.verdict.value: 1, **({"circuit_opened": 1} if opened else {})}


def _attempt_in_slot(
    attempt: Callable[[], Answer], rate_limit: RateLimit, tools: TransactionalEmail
) -> tuple[Answer, bool]:
    """The answer, and whether it opened the circuit breaker."""
    slot = rate_limiter.wait_for_slot(rate_limit, tools.now, tools.sleep)
    if slot.at is None:
        return Answer(Verdict.DEFERRED, reason=slot.stopped or Reason.NO_SLOT), False
    answer = attempt()
    if answer.is_silence:
        return answer, rate_limiter.count_silent_call()
    rate_limiter.forget_silent_calls(slot)
    return answer, answer.stops is not None and rate_limiter.open_breaker(answer.stops)


def _later(lead_id: str, send_id: str, now: datetime) -> None:
    due.plan(now, due.TRANSACTIONAL, send_id, TransactionalSend(lead_id, send_id), now)


class Withheld(Exception):
    """The transactional email must not be sent; the message is the reason code."""


@dataclass(frozen=True)
class OptInEmail:
    """One template for many recipients."""

    template: Template
    mailing: Mailing

    def compose(
        self, profile: Profile, opt_in_url: str, form_title: str, send_id: str, tags: Mapping[str, str]
    ) -> OutgoingEmail:
        """Raises: `Invalid` when the template cannot be rendered."""
        template = self.template.in_language(profile.language)
        values = opt_in_values(
            self.mailing,
            opt_in_url=opt_in_url,
            form={"title": form_title},
            preheader=template.preheader,
            variables=template.values({}),
        )
        email = render(template.subject, template.html, template.text, values)
        return OutgoingEmail(
            to=profile.mailbox,
            sender=self.mailing.sender,
            subject=email.subject,
            html=email.html,
            text=email.text,
            tags=tags,
            headers={"Auto-Submitted": "auto-generated", "X-Sodate-Send": send_id},
        )


def opt_in_composer(definitions: Definitions, links: Links, stage: str) -> Composer:
    def compose(send: SendItem, now: datetime) -> OutgoingEmail:
        state, profile = load_state(send.lead_id), load_profile(send.lead_id)
        if state.blocked not in LIFTED_BY_OPT_IN:
            raise Withheld(f"{Reason.BLOCKED}:{state.blocked}")
        template = parsed(definitions.live("template", str(send.template)), Template)
        email = OptInEmail(template, parsed(definitions.live("mailing"), Mailing))
        data = send.data or {}
        opt_in_url = links.opt_in(send.lead_id, data["consent"], now)
        tags = transactional_tags(send, stage)
        return email.compose(profile, opt_in_url, data.get("form_title", ""), send.send_id, tags)

    return compose


def transactional_tags(send: SendItem, stage: str) -> dict[str, str]:
    return {
        "send_id": send.send_id,
        "lead_id": send.lead_id,
        "purpose": "transactional",
        "name": send.name,
        "stage": stage,
    }
