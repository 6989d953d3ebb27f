"""Seeded bugs of the abuse budget: ceilings, tokenless posts, the guard of opt-in email, a stranger's words."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_OPT_IN = ("tests/functions/test_opt_in_ceilings.py",)
_CEILINGS = ("tests/functions/test_ceilings.py",)
_TOKENLESS = ("tests/functions/test_tokenless_posts.py",)

ABUSE = (
    Mutant(
        "tags-are-mailboxes",
        _SODATE + "leads/base_mailbox.py",
        (
            ('gmail_local(local.partition("+")[0] or local, domain)', "gmail_local(local, domain)"),
            ('local.partition("+")[0].replace(".", "")', 'local.replace(".", "")'),
        ),
        "a stranger's mailbox gets an opt-in email for each +tag",
        tests=("tests/simulation/test_abuse.py",),
    ),
    Mutant(
        "yesterdays-turn-counts-today",
        _SODATE + "forms/opt_in_ceilings.py",
        (("if self.windows.get(ceiling.what) == ceiling.window(self.now):", "if ceiling.what in self.windows:"),),
        "after a night without a dispatcher six opt-in emails reach one mailbox in a day",
        tests=_OPT_IN,
    ),
    Mutant(
        "queue-has-no-end",
        _SODATE + "forms/store.py",
        (
            (' & (CeilingItem.next_slot <= number("last"))', ""),
            ('        if stored.get("next_slot", first) > last:\n            return None\n', ""),
        ),
        "one script fills the due index for years ahead",
        tests=_OPT_IN,
    ),
    Mutant(
        "a-turn-too-many",
        _SODATE + "forms/ceilings.py",
        (
            (
                "return -(-(self.span // _MICROSECOND) // self.at_most)",
                "return (self.span // _MICROSECOND) // (self.at_most + 1)",
            ),
        ),
        "a window of the clock holds more turns than the ceiling says",
        tests=_CEILINGS,
    ),
    Mutant(
        "each-attempt-takes-a-turn",
        _SODATE + "forms/opt_in_ceilings.py",
        (("        if outcome is None:\n            attempt.note()\n", ""),),
        "an hour of throttling by SES uses up the ceiling",
        tests=_OPT_IN,
    ),
    Mutant(
        "a-waiting-lead-is-asked-again",
        _SODATE + "forms/opt_in_ceilings.py",
        (("        postpone_opt_in(self.send.lead_id, until)\n", ""),),
        "each further post of a waiting lead plans one more opt-in email",
        tests=_OPT_IN,
    ),
    Mutant(
        "posting-twice-passes-the-tokenless-ceiling",
        _SODATE + "forms/tokenless.py",
        (("return receipt is not None and receipt.suspicion is None", "return receipt is not None"),),
        "a script that sends each post twice gets every one of them out of quarantine",
        tests=_TOKENLESS,
    ),
    Mutant(
        "tokenless-posts-are-not-counted",
        _SODATE + "forms/receive.py",
        (("        suspicion = suspicion or suspect_tokenless(form, submission, now)\n", ""),),
        "scripts need no token",
        tests=_TOKENLESS,
    ),
    Mutant(
        "opt-in-bounces-hold-marketing",
        _SODATE + "email/reputation/rates.py",
        (('tally(event for event in events if event.tags.get("purpose") != "transactional")', "tally(events)"),),
        "a thousand posts with invented addresses hold all marketing email",
        tests=_OPT_IN,
    ),
    Mutant(
        "guard-holds-whoever-confirmed",
        _SODATE + "forms/opt_in_ceilings.py",
        (("not _is_proved(state) and ", ""),),
        "a lead whose address is proved waits for the end of an attack",
        tests=_OPT_IN,
    ),
    Mutant(
        "opt-in-email-is-given-the-lead",
        _SODATE + "email/delivery/transactional.py",
        (
            (
                "        values = opt_in_values(\n            self.mailing,\n",
                "        values = opt_in_values(\n            self.mailing, lead={**profile.primary},\n",
            ),
        ),
        "a template of an older playbook sends a stranger's words to anybody",
        tests=_OPT_IN,
    ),
    Mutant(
        "check-allows-lead-in-transactional",
        "layers/sodate/python/sodate/authoring/lint/fields.py",
        (('    if mail.template.purpose == "transactional":\n', '    if mail.template.purpose == "opt_in":\n'),),
        "a playbook whose opt-in email names the lead is published",
        tests=("tests/unit/playbook/test_broken_playbooks.py",),
    ),
)
