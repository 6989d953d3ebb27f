"""POST of the opt-in page: the request becomes a confirmed consent, once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pynamodb.expressions.update import Action

from sodate.activities.activity import Activity, activity_key
from sodate.activities.store import activity_item
from sodate.consent.consent import UNSUBSCRIBED, Evidence
from sodate.consent.store import ConsentItem, SuppressionItem, consent_item, find_consent
from sodate.errors import Conflict, Invalid
from sodate.leads.lead import Enrolment, State
from sodate.leads.store import StateItem, load_state, state_key, to_map
from sodate.table import keys, transaction
from sodate.table.base import ConditionFailed
from sodate.table.transaction import Delete, Put, Update, Write


@dataclass(frozen=True)
class Reaction:
    """What a confirmed opt-in starts (step mail), to be written in the same transaction."""

    enrolments: dict[str, Enrolment] = field(default_factory=dict)
    puts: list[Put] = field(default_factory=list)


#: `scenarios.enrol.on_opt_in` in production. (state, form id, confirmed topics, reference, now) → what it starts.
OnConfirmed = Callable[[State, str | None, Sequence[str], str, datetime], Reaction]


def confirm_opt_in(lead_id: str, consent_sort_key: str, on_confirmed: OnConfirmed, now: datetime) -> State:
    """Returns the state before the confirmation. Raises `Conflict` when the link was used already.

    `Invalid` when the request is unknown, or when the lead complained or bounced since: that needs a person.
    """
    state = load_state(lead_id)
    request = find_consent(lead_id, consent_sort_key)
    if request is None or request.action != "requested":
        raise Invalid("this confirmation is not known", "link_broken")
    if request.confirmed_at is not None:
        raise Conflict("this confirmation was already used")
    if state.blocked not in (None, UNSUBSCRIBED):
        raise Invalid("this address cannot be confirmed by itself any more", "blocked")
    reaction = on_confirmed(state, request.form_id, tuple(request.topics), request.sk, now)
    try:
        transaction.commit(_writes(state, request, reaction, now))
    except ConditionFailed as error:
        raise Conflict("this confirmation was already used") from error
    return state


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
    actions += [StateItem.enrolments[name].set(to_map(run)) for name, run in reaction.enrolments.items()]
    actions += [StateItem.opt_in_mails.set(0), StateItem.blocked.remove()]
    writes: list[Write] = [
        Update(request, [ConsentItem.confirmed_at.set(keys.stamp(now))], ConsentItem.confirmed_at.does_not_exist()),
        Update(
            state_key(state.lead_id),
            actions,
            StateItem.blocked.does_not_exist() | (StateItem.blocked == UNSUBSCRIBED),
        ),
        Put(consent_item(evidence, key)),
        transaction.put_new(activity_item(activity)),
        *reaction.puts,
    ]
    if state.blocked == UNSUBSCRIBED:
        lifted = SuppressionItem(keys.suppression(state.address_key), keys.ENTRY)
        writes.append(Delete(lifted, SuppressionItem.reason == UNSUBSCRIBED))
    return writes
