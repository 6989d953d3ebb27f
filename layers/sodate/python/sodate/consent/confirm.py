"""POST of the opt-in page: turns a requested consent into a confirmed one, exactly once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.consent.consent import Evidence
from sodate.consent.store import ConsentItem, confirm_request, consent_item, consents_of, find_consent, lift_opt_out
from sodate.dynamodb import table
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import Conflict, Invalid, Transient
from sodate.leads.contact_state import LIFTED_BY_OPT_IN, REMOVED_BY_OPT_IN, Block, ContactState, Enrollment
from sodate.leads.store import enrollments_unchanged, load_state, no_opt_out_since, state_change
from sodate.messages import Message

_TRIES = 5


@dataclass(frozen=True)
class Reaction:
    """Enrollments (step mail) that a confirmed opt-in starts; written in the same transaction as the consent."""

    enrollments: dict[str, Enrollment] = field(default_factory=dict)
    puts: list[Put] = field(default_factory=list)


#: `scenarios.enroll.on_opt_in` in production. (state, form id, confirmed topics, reference, now) → what it starts.
OnConfirmed = Callable[[ContactState, str | None, Sequence[str], str, datetime], Reaction]


def confirm_opt_in(lead_id: str, consent_sort_key: str, on_confirmed: OnConfirmed, now: datetime) -> ContactState:
    """Return the state before the confirmation.

    Raises: `Conflict` when the link was used already; `Invalid` when the request is unknown, older than an opt-out, or
    when the lead complained or bounced since, which only an operator can resolve; `Transient` after five lost races.
    """
    for _ in range(_TRIES):
        state = load_state(lead_id)
        request = find_consent(lead_id, consent_sort_key)
        if request is None or request.action != "requested":
            raise Invalid(Message("this confirmation is not known"), "link_broken")
        if request.confirmed_at is not None:
            raise Conflict(Message("this confirmation was already used"))
        if state.blocked not in LIFTED_BY_OPT_IN:
            raise Invalid(Message("this address cannot be confirmed by itself any more"), "blocked")
        if _opted_out_since(state, request):
            raise Invalid(Message("the lead opted out after this was asked; only a new request counts"), "link_expired")
        reaction = on_confirmed(state, request.form_id, tuple(request.topics), request.sk, now)
        try:
            table.commit(_writes(state, request, reaction, now))
        except ConditionFailed:
            continue  # a concurrent opt-out or confirmation: the next read sees it
        return state
    raise Transient(Message("lead {lead_id} changes too fast; press the button again", lead_id=lead_id))


def _opted_out_since(state: ContactState, request: ConsentItem) -> bool:
    """An opt-in email sent before an opt-out cannot undo that opt-out."""
    return any(
        evidence.action == "withdrawn"
        and evidence.at >= request.at
        and (state.blocked == Block.UNSUBSCRIBED or not set(request.topics).isdisjoint(evidence.topics))
        for evidence in consents_of(state.lead_id)
    )


def _writes(state: ContactState, request: ConsentItem, reaction: Reaction, now: datetime) -> list[Write]:
    evidence = Evidence(
        lead_id=state.lead_id,
        at=now,
        action="confirmed",
        method="double_opt_in",
        topics=tuple(request.topics),
        form_id=request.form_id,
        form_version=int(request.form_version) if request.form_version is not None else None,
        wording_digest=request.wording_digest,
        page_url=request.page_url,
        reference=request.sk,
    )
    key = activity_key("opt_in_confirmed", request.sk)
    activity = Activity(state.lead_id, "opt_in_confirmed", now, key, {"form": request.form_id or ""})
    # An opt-out that commits in between makes the condition false.
    also, enrolled = no_opt_out_since(state), enrollments_unchanged(state, reaction.enrollments)
    after = state.opt_in(request.topics).enroll(reaction.enrollments)
    writes: list[Write] = [
        confirm_request(request, now),
        state_change(state, after, request.topics, also if enrolled is None else also & enrolled),
        Put(consent_item(evidence, key)),
        Put.new(activity_item(activity)),
        *reaction.puts,
    ]
    return [*writes, lift_opt_out(state.address_key)] if state.blocked in REMOVED_BY_OPT_IN else writes
