"""Seeded bugs in web tracking: the fold, idempotency, identity, and what a stranger may cause."""

from tests.mutants.mutants import Mutant

_TRACKING = "layers/sodate/python/sodate/tracking/"
_FUNCTION_TESTS = "tests/functions/test_web_events.py"
_UNIT_TESTS = "tests/unit/tracking"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, tests: str = _FUNCTION_TESTS) -> Mutant:
    return Mutant(name, f"{_TRACKING}{file}.py", ((old, new),), breaks, tests=(tests,))


TRACKING = (
    _mutant(
        "a-batch-counts-each-time-it-comes",
        "receive",
        "elif found.session.has(batch):",
        "elif False:",
        "a repeated batch adds its views again",
    ),
    _mutant(
        "a-session-is-written-whatever-was-written-since",
        "store",
        "condition = _UNCHANGED if visit.version else _NEW",
        "condition = _NEW if not visit.version else Statement([])",
        "of two tabs at once one loses its pages",
    ),
    _mutant(
        "two-leads-are-merged",
        "identify",
        "_change(visit, lambda found: replace(found, moved=True), site, now)",
        "_change(visit, lambda found: replace(found, lead_id=binding.lead_id), site, now)",
        "what the first lead did joins the log of the second",
    ),
    _mutant(
        "a-late-batch-moves-what-is-logged",
        "activities",
        "logged={**new, **visit.logged}",
        "logged=new",
        "an activity is in the log twice, at two times",
    ),
    _mutant(
        "a-machine-identifies-a-lead",
        "receive",
        "if lead_id != visit.lead_id and visit.session.verdict is not ActivityVerdict.ROBOT:",
        "if lead_id != visit.lead_id:",
        "a scanner that opens a link becomes the lead",
    ),
    _mutant(
        "a-page-that-is-left-out-comes-back-smaller",
        "session",
        "sorted(named, key=lambda name: (comes_later(name), name))[:most]",
        "list(named)[:most]",
        "which pages are kept depends on the order in which batches arrive",
        _UNIT_TESTS,
    ),
    _mutant(
        "the-browsers-clock-is-believed",
        "batch",
        "return now - min(max(timedelta(), timedelta(seconds=min(max(age, 0.0), 1e6))), OLDEST)",
        "return now if told is None else datetime.fromtimestamp(told / 1000, UTC)",
        "a clock that is days wrong gives sessions of another day, or none",
        _UNIT_TESTS,
    ),
    _mutant(
        "consent-is-the-scripts-business-only",
        "receive",
        'if self.site.tracking.consent == "required" and not batch.has_consent:',
        "if False:",
        "what is sent without consent is stored",
    ),
    _mutant(
        "a-session-of-an-erased-lead-becomes-activities",
        "end_session",
        "table.commit([still_exists(lead_id), *(Put.new(item) for item in items)])",
        "table.commit([Put.new(item) for item in items])",
        "an erased lead has a log again",
        "tests/functions/test_web_events.py",
    ),
    _mutant(
        "a-lead-has-as-many-visitors-as-a-stranger-likes",
        "forget",
        "reverse=True)[MOST_VISITORS:]",
        "reverse=True)[len(bound):]",
        "whoever posts forms with somebody's address fills that lead's partition",
        "tests/functions/test_web_events.py",
    ),
)
