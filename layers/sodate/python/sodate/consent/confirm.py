"""POST of the opt-in page: turns a requested consent into a confirmed one, exactly once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.consent.consent import LIFTED_BY_OPT_IN, UNSUBSCRIBED, Evidence
from sodate.consent.store import ConsentItem, SuppressionItem, consent_item, consents_of, find_consent
from sodate.dynamodb import keys, transaction
from sodate.dynamodb.base import ConditionFailed
from sodate.dynamodb.transaction import Delete, Put, Update, Write
from sodate.errors import Conflict, Invalid, Transient
from sodate.leads.lead import Enrollment, State
from sodate.leads.store import StateItem, as_it_was, load_state, no_opt_out_since, state_key, to_map

_TRIES = 5


@dataclass(frozen=True)
class Reaction:
    """Enrollments (step mail) that a confirmed opt-in starts; written in the same transaction as the consent."""

    enrollments: dict[str, Enrollment] = field(default_factory=dict)
    puts: list[Put] = field(default_factory=list)


#: `scenarios.enroll.on_opt_in` in production. (state, form id, confirmed topics, reference, now) → what it starts.
OnConfirmed = Callable[[State, str | None, Sequence[str], str, datetime], Reaction]


def confirm_opt_in(lead_id: str, consent_sort_key: str, on_confirmed: OnConfirmed, now: datetime) -> State:
    """Return the state before the confirmation.

    Raises: `Conflict` when the link was used already; `Invalid` when the request is unknown, older than an opt-out, or
    when the lead complained or bounced since, which only an operator can resolve; `Transient` after five lost races.
    """
    for _ in range(_TRIES):
        state = load_state(lead_id)
        request = find_consent(lead_id, consent_sort_key)
        if request is None or request.action != "requested":
            raise Invalid("this confirmation is not known", "link_broken")
        if request.confirmed_at is not None:
            raise Conflict("this confirmation was already used")
        if state.blocked not in LIFTED_BY_OPT_IN:
            raise Invalid("this address cannot be confirmed by itself any more", "blocked")
        if _opted_out_since(state, request):
            raise Invalid("the lead opted out after this was asked; only a new request counts", "link_expired")
        reaction = on_confirmed(state, request.form_id, tuple(request.topics), request.sk, now)
        try:
            transaction.commit(_writes(state, request, reaction, now))
        except ConditionFailed:
            continue  # a concurrent opt-out or confirmation: the next read sees it
        return state
    raise Transient(f"lead {lead_id} changes too fast; press the button again")


def _opted_out_since(state: State, request: ConsentItem) -> bool:
    """An opt-in email sent before an opt-out cannot undo that opt-out."""
    return any(
        evidence.action == "withdrawn"
        and evidence.at >= request.at
        and (state.blocked == UNSUBSCRIBED or not set(request.topics).isdisjoint(evidence.topics))
        for evidence in consents_of(state.lead_id)
    )


def _writes(state: State, request: ConsentItem, reaction: Reaction, now: datetime) -> list[Write]:
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
    actions: list[Action] = [StateItem.topics[topic].set("confirmed") for topic in request.topics]
    actions += [
        StateItem.enrollments[name].set(to_map(enrollment)) for name, enrollment in reaction.enrollments.items()
    ]
    actions += [StateItem.opt_in_mails.set(0), StateItem.blocked.remove()]
    writes: list[Write] = [
        Update(
            request,
            [ConsentItem.confirmed_at.set(keys.stamp(now)), ConsentItem.ttl.remove()],
            ConsentItem.confirmed_at.does_not_exist() & (ConsentItem.at == request.at),
        ),
        Update(state_key(state.lead_id), actions, _as_it_was(state, request, reaction)),
        Put(consent_item(evidence, key)),
        transaction.put_new(activity_item(activity)),
        *reaction.puts,
    ]
    if state.blocked == UNSUBSCRIBED:
        lifted = SuppressionItem(keys.suppression(state.address_key), keys.ENTRY)
        writes.append(Delete(lifted, SuppressionItem.reason == UNSUBSCRIBED))
    return writes


def _as_it_was(state: State, request: ConsentItem, reaction: Reaction) -> Condition:
    """Everything this decision depends on. An opt-out that commits in between makes the condition false."""
    condition: Condition = as_it_was(state, request.topics) & no_opt_out_since(state)
    for name in reaction.enrollments:
        condition &= StateItem.enrollments[name].does_not_exist()
    return condition
