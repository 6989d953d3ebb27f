"""Seeded bugs: opt-out and evidence, mailability, hostile addresses, numbers and values."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_SMALL = ("tests/functions/test_opt_out_is_small.py",)
_MAILABLE = ("tests/functions/test_mailability.py",)

OPT_OUT = (
    Mutant(
        "each-post-adds-a-request",
        _SODATE + "forms/opt_in.py",
        (("    number = len(requests) if is_open else len(requests) + 1\n", "    number = len(requests) + 1\n"),),
        "a stranger fills the history of a lead",
        tests=_SMALL,
    ),
    Mutant(
        "confirmed-request-is-reused",
        _SODATE + "forms/opt_in.py",
        (('return not request.is_confirmed and request.at > (state.opted_out_at or "")', "return True"),),
        "evidence of law is overwritten, or the next post is never stored",
        tests=_SMALL,
    ),
    Mutant(
        "old-link-is-revived",
        _SODATE + "forms/opt_in.py",
        ((' and request.at > (state.opted_out_at or "")', ""),),
        "a post after an opt-out makes the link from before the opt-out work again",
        tests=_SMALL,
    ),
    Mutant(
        "review-without-condition",
        _SODATE + "consent/retention.py",
        (("table.commit([unchanged, *updates", "table.commit([*updates"),),
        "evidence of a consent that was given meanwhile gets an end",
        tests=_SMALL,
    ),
    Mutant(
        "no-retention-review",
        _SODATE + "consent/unsubscribe.py",
        (("    writes.append(review_later(state.lead_id, retention, now))\n", ""),),
        "evidence is kept for ever after an opt-out",
        tests=_SMALL,
    ),
    Mutant(
        "post-confirms-an-existing-lead",
        _SODATE + "forms/opt_in.py",
        (("if not consent.double_opt_in and is_new:", "if not consent.double_opt_in:"),),
        "a stranger's post makes an existing lead mailable",
        tests=_MAILABLE,
    ),
    Mutant(
        "asking-confirms",
        _SODATE + "forms/opt_in.py",
        (('{topic: state.topics.get(topic, "pending") for', '{topic: state.topics.get(topic, "confirmed") for'),),
        "asking is taken for the answer: a stranger's post makes an existing lead mailable",
        tests=_MAILABLE,
    ),
    Mutant(
        "raw-text-is-judged",
        _SODATE + "leads/address.py",
        (("_doubt(match, valid.domain)", "_doubt(typed, valid.domain)"),),
        "a compatibility character in a post blocks the lead that owns the address",
        tests=("tests/unit/test_one_normal_form.py",),
    ),
    Mutant(
        "decimal-error-is-unhandled",
        _SODATE + "web/body.py",
        (("except ArithmeticError as error:", "except KeyError as error:"),),
        "a number in a post is answered with 500",
        tests=("tests/functions/test_hostile_input.py", "tests/unit/test_hostile_values.py"),
    ),
    Mutant(
        "broken-value-breaks-the-chunk",
        _SODATE + "email/content/render.py",
        (
            (
                "_BROKEN_VALUE = (ArithmeticError, ValueError, TypeError, LookupError, AttributeError, OSError, "
                "RecursionError)",
                "_BROKEN_VALUE: tuple[type[Exception], ...] = ()",
            ),
        ),
        "one lead's field value costs the others of its chunk their email",
        tests=("tests/functions/test_one_lead_breaks_its_own_email.py",),
    ),
)
