"""Seeded bugs of the public pages: what they show, what they may load, and what their buttons do."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_UNDO, _WORDS, _BRAND = "tests/functions/test_undo.py", "tests/functions/test_page_words.py", "tests/unit/web"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, *tests: str) -> Mutant:
    return Mutant(name, _SODATE + file, ((old, new),), breaks, tests=tests)


PAGES = (
    _mutant(
        "undo-without-its-token",
        "consent/unsubscribe_controller.py",
        "        signed = self.visits.signer.verify(links.UNDO, token, now)\n",
        '        signed = {"l": payload["l"], "c": consents_of(state.lead_id)[-1].sk}\n',
        "whoever has a forwarded email brings back what its reader stopped",
        _UNDO,
    ),
    _mutant(
        "undo-of-another-lead",
        "consent/unsubscribe_controller.py",
        'if signed["l"] != payload["l"]:',
        "if False:",
        "a token of one lead is taken by the page of another",
        _UNDO,
    ),
    _mutant(
        "undo-after-another-opt-out",
        "consent/undo.py",
        'if withdrawal.method != "unsubscribe_page" or state.opted_out_at != withdrawal.at:',
        "if False:",
        "an opt-out made elsewhere is taken back on this page",
        _UNDO,
    ),
    _mutant(
        "undo-lifts-a-complaint",
        "consent/undo.py",
        "state.blocked not in (None, Block.UNSUBSCRIBED)",
        "False",
        "a lead that complained gets email again",
        _UNDO,
    ),
    _mutant(
        "undo-confirms-what-was-never-confirmed",
        "consent/undo.py",
        'if state.topics.get(topic) == "withdrawn" and topic in last and last[topic].action == "confirmed"',
        'if state.topics.get(topic) == "withdrawn"',
        "a topic without a consent comes back",
        _UNDO,
    ),
    _mutant(
        "undo-without-evidence",
        "consent/undo.py",
        "        *(Put(_evidence(state.lead_id, undo, former, now)) for former in _former(undo)),\n",
        "",
        "email goes out after a refusal, and nothing proves why",
        _UNDO,
    ),
    _mutant(
        "undo-has-no-end",
        "consent/undo.py",
        "return undo if renewed and now <= undo.until else None",
        "return undo if renewed else None",
        "an opt-out of last year can be taken back",
        _UNDO,
    ),
    _mutant(
        "one-click-is-an-undo",
        "consent/unsubscribe_controller.py",
        'if b"One-Click" in body:',
        'if b"One-Click" in body and "undo" not in fields:',
        "a mail program's opt-out may do the opposite",
        _UNDO,
    ),
    _mutant(
        "unsubscribe-page-opens-preferences-for-years",
        "consent/unsubscribe_controller.py",
        "if left <= timedelta(0):",
        "if False:",
        "a forwarded email shows a lead's consents for two years",
        _WORDS,
    ),
    _mutant(
        "wording-of-another-version",
        "forms/form_words.py",
        'definitions.version("form", form_id, version)',
        'definitions.live("form", form_id)',
        "the opt-in page shows words that the lead never saw",
        _WORDS,
    ),
    _mutant(
        "wording-without-its-digest",
        "consent/opt_in_controller.py",
        "wording if is_agreed else",
        "wording if True else",
        "the page shows words that the evidence does not prove",
        _WORDS,
    ),
    _mutant(
        "policy-without-the-logo",
        "web/branding.py",
        'image = f"img-src {_origin(self.logo.url)}; " if self.logo else ""',
        'image = ""',
        "the company's logo is never shown",
        _WORDS,
    ),
    _mutant(
        "policy-allows-every-image",
        "web/branding.py",
        "img-src {_origin(self.logo.url)}; ",
        "img-src https:; ",
        "a page may load images of strangers",
        _WORDS,
    ),
    _mutant(
        "policy-without-the-colours",
        "web/branding.py",
        "for style in (STYLE, self.style)",
        "for style in (STYLE,)",
        "browsers refuse the company's colours",
        _BRAND,
    ),
    _mutant(
        "accent-as-it-is",
        "web/branding.py",
        "readable_or(self.color, paper, ink)",
        "self.color",
        "links in a pale colour cannot be read",
        _BRAND,
    ),
    _mutant(
        "a-page-ticks-for-the-person",
        "forms/error_page.py",
        "[value for value in values if is_yes(value)]",
        "values",
        "whoever did not agree is shown a ticked box, and sends a consent",
        _WORDS,
    ),
    _mutant(
        "form-errors-forget-where-the-person-came-from",
        "forms/error_page.py",
        "[(name, value) for name, value in carried(raw) if name not in error.fields]",
        "[]",
        "a corrected post has no source, and no submission id",
        _WORDS,
    ),
    _mutant(
        "any-page-without-a-name-posts",
        "forms/receive.py",
        "origin != own and",
        'origin not in (own, "null") and',
        "a sandboxed frame of any site posts a form",
        _WORDS,
    ),
    _mutant(
        "form-errors-without-an-origin",
        "web/pages.py",
        '"referrer-policy": "same-origin"',
        '"referrer-policy": "no-referrer"',
        "the browser sends `Origin: null` with the corrected post, which is refused",
        _WORDS,
    ),
    _mutant(
        "reasons-in-any-order",
        "sales/message.py",
        'key=lambda reason: -abs(int(reason["points"]))',
        "key=lambda reason: 0",
        "sales reads first what matters least",
        "tests/unit/sales",
    ),
)
