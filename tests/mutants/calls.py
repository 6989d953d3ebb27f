"""Seeded bugs in call tasks and in what is logged by hand."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_TESTS = "tests/functions/test_calls.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=(_TESTS,))


CALLS = (
    _mutant(
        "enrollments-share-a-call",
        "scenarios/progress",
        'activity_key("call", lead_id, name, enrollment.id, ',
        'activity_key("call", lead_id, name, ',
        "a lead that enters again is stuck at the step of its first call",
    ),
    _mutant(
        "a-result-does-not-name-its-seminar",
        "scenarios/progress",
        "about = {**(dict([key]) if key else {}), **about_enrollment(name)}",
        "about = about_enrollment(name)",
        "the scenario that waits for its own call does not see the result",
    ),
    _mutant(
        "no-call-is-ever-due",
        "calls/store",
        ", Put(due.due_item(task.due, due.SALES, entry.ref, entry, now))]",
        "]",
        "nobody is reminded",
    ),
    _mutant(
        "a-closed-call-is-closed-again",
        "calls/store",
        "[Update(call, actions, CallItem.state == CallState.OPEN.value)",
        "[Update(call, actions, CallItem.pk.exists())",
        "of two results at once both are recorded",
    ),
    _mutant(
        "the-list-keeps-what-is-done",
        "calls/store",
        " Delete(_listed(call)),",
        "",
        "the list of open calls grows for ever",
    ),
    _mutant(
        "what-is-done-is-reminded-of",
        "sales/follow_up",
        "if call is None or call.state != CallState.OPEN:",
        "if call is None:",
        "an email is planned for a call that was made",
    ),
    _mutant(
        "a-reminder-is-sent-though-done-meanwhile",
        "sales/handoff_email",
        "if call is None or call.state != CallState.OPEN:\n        raise Withheld(",
        "if call is None:\n        raise Withheld(",
        "the owner is reminded of a call that was made a moment ago",
    ),
    _mutant(
        "reminders-are-repeated",
        "sales/notify",
        '_put_email(call.lead_id, ("call", call.lead_id, call.key), ',
        '_put_email(call.lead_id, ("call", call.lead_id, call.key, keys.stamp(now)), ',
        "a due entry that comes twice reminds twice",
    ),
    _mutant(
        "reminders-come-at-night",
        "sales/follow_up",
        "at = policy.next_digest(owner, now)\n",
        "at = None\n",
        "the owner is reminded outside of working hours",
    ),
    _mutant(
        "who-is-away-is-reminded",
        "sales/call_owner",
        " and not is_away(owner) else",
        " else",
        "the call of an owner who is away is nobody's",
    ),
    _mutant(
        "a-meeting-undoes-a-deal",
        "sales/close_call",
        "in_hand.feedback in (None, FeedbackKind.ACCEPTED)",
        "in_hand.feedback != FeedbackKind.MEETING_SET",
        "a deal that was won is a meeting again",
    ),
    _mutant(
        "a-missed-call-wakes-the-lead",
        "activities/catalog",
        '"scenario", "step", "seminar", "product"),\n        DoneBy.OTHERS,\n',
        '"scenario", "step", "seminar", "product"),\n',
        "a lead is no longer dormant because nobody answered the telephone",
    ),
    _mutant(
        "anything-is-logged-by-hand",
        "activities/kinds",
        "next((type_ for type_ in BY_HAND if type_.value == name), None)",
        "next((type_ for type_ in ActivityType if type_.value == name), None)",
        "an operator writes a deal that sales does not know of",
    ),
    _mutant(
        "a-repeat-is-logged",
        "activities/log_by_hand",
        'activity_key("by_hand", kind.name, keys.stamp(at), *content)',
        'activity_key("by_hand", kind.name, keys.stamp(now), *content)',
        "a command that is repeated counts twice",
    ),
)
