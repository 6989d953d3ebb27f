"""Seeded bugs: breakers, sweeper and later attempts."""

from tests.mutants.mutants import Mutant

DELIVERY = (
    Mutant(
        "silence-opens-no-breaker",
        "layers/sodate/python/sodate/email/reputation/rate_limiter.py",
        ((">= SILENT_CALLS and open_breaker(SILENCE)", "< 0"),),
        "calls without an answer never open the breaker",
        tests=("tests/simulation/test_bad_ses.py",),
    ),
    Mutant(
        "turn-ignores-the-breaker",
        "layers/sodate/python/sodate/email/reputation/rate_limiter.py",
        (("Slot(None if rate_limit.stopped else at,", "Slot(at,"),),
        "a sender that has claimed goes on although the breaker opened meanwhile",
        tests=("tests/functions/test_bad_answers.py",),
    ),
    Mutant(
        "identity-is-one-email",
        "layers/sodate/python/sodate/email/delivery/ses_answers.py",
        (("        return _all_email(IDENTITY)\n", "        return meaning\n"),),
        "a sender that is not verified consumes the planned email",
        tests=("tests/simulation/test_bad_ses.py",),
    ),
    Mutant(
        "pool-is-one-email",
        "layers/sodate/python/sodate/email/delivery/ses_answers.py",
        (
            (
                '    "INVALID_SENDING_POOL_NAME": _all_email("sending_pool_missing"),',
                '    "INVALID_SENDING_POOL_NAME": _THIS_EMAIL,',
            ),
        ),
        "a missing IP pool consumes the planned email",
        tests=("tests/unit/email/test_ses_answers.py",),
    ),
    Mutant(
        "no-evidence-needed",
        "layers/sodate/python/sodate/email/events/report_coverage.py",
        (("        return self.accepted > 0 and self.reported >= ENOUGH * self.accepted\n", "        return True\n"),),
        "an attempt is repeated although SES reports on nothing",
        tests=("tests/functions/test_send_protocol.py",),
    ),
    Mutant(
        "a-known-attempt-is-repeated",
        "layers/sodate/python/sodate/email/ledger/store.py",
        (
            ('        return bool(self.state == "unknown")\n', "        return True\n"),
            ('(SendItem.state == "unknown") & SendItem.next_attempt', "SendItem.next_attempt"),
        ),
        "an email is sent again although SES reported on it after the decision",
        tests=("tests/functions/test_bad_answers.py",),
    ),
    Mutant(
        "a-double-goes-unseen",
        "layers/sodate/python/sodate/email/ledger/store.py",
        (('    return "applied" if current.is_double else "double"\n', '    return "applied"\n'),),
        "nobody hears of a double",
        tests=("tests/functions/test_bad_answers.py",),
    ),
    Mutant(
        "the-sweeper-repeats-its-page",
        "layers/sodate/python/sodate/runtime/batch.py",
        (
            (
                "        if app.clock.now() - began > lane.budget:\n            return number\n",
                "        if app.clock.now() - began > lane.budget:\n            return 0\n",
            ),
        ),
        "a sweeper that runs out of time begins the same page for ever",
        tests=("tests/functions/test_bad_answers.py",),
    ),
)
