"""Seeded bugs in who may post a form, under which names, and who hears of doubtful posts; and in the helper of docs.

Those of the helper are noticed by a browser only: without Chromium their tests are left out, and they survive.
"""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_PAGES = "tests/functions/test_form_pages.py"
_BROWSER = "tests/e2e/test_form_examples.py"
_ANNOUNCEMENT = "tests/functions/test_quarantine_announcement.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, tests: str = _PAGES) -> Mutant:
    path = file if file.startswith("functions/") else f"{_SODATE}{file}"
    return Mutant(name, path, ((old, new),), breaks, tests=(tests,))


def _in_browser(name: str, file: str, old: str, new: str, breaks: str, test: str) -> Mutant:
    return Mutant(name, f"docs/examples/{file}", ((old, new),), breaks, tests=(f"{_BROWSER}::test_{test}",))


FORM_PAGES = (
    _mutant(
        "localhost-is-a-beginning",
        "web/cors.py",
        "_LOCALHOST.fullmatch(origin)",
        "_LOCALHOST.match(origin)",
        "a stranger's domain that begins with localhost may post",
    ),
    _mutant(
        "every-page-gets-permission",
        "web/cors.py",
        "    if not listed:\n        return Response(403)\n",
        "",
        "a browser of a page that is not listed posts",
    ),
    _mutant(
        "refusals-are-hidden",
        "web/cors.py",
        "_REFUSALS = (403, 404)",
        "_REFUSALS = (404,)",
        "a page cannot say why it may not post",
    ),
    _mutant(
        "any-redirect",
        "forms/receive.py",
        "controls.redirect if controls.redirect in form.redirects else None",
        "controls.redirect",
        "a form sends people wherever a post says",
    ),
    _mutant(
        "the-last-name-wins",
        "forms/names.py",
        "if values.get(field.name, value) != value:",
        "if False:",
        "two values of one field, and one is lost silently",
    ),
    _mutant(
        "released-posts-still-wait",
        "forms/waiting.py",
        " if item.released is None",
        "",
        "a person is told of posts that were released",
        _ANNOUNCEMENT,
    ),
    _in_browser(
        "any-200-is-sent",
        "sodate-form.js",
        "r.body.status === 'accepted'",
        "true",
        "the page of a proxy counts as stored, and what was typed is gone",
        "an_answer_that_is_none_of_ours_is_no_success",
    ),
    _in_browser(
        "a-solved-check-is-another-post",
        "sodate-form.js",
        "hash(JSON.stringify(said))",
        "hash(JSON.stringify(fields))",
        "a post whose answer was lost is stored again when the check is solved anew",
        "a_check_that_is_solved_anew_is_no_other_submission",
    ),
    _in_browser(
        "the-token-of-the-first-attempt",
        "sodate-form.js",
        "        await refresh();\n",
        "        if (!n) await refresh();\n",
        "a page that was opened during an outage, or waited for hours, is taken for a robot",
        "a_page_that_was_opened_during_an_outage_sends_a_token_all_the_same",
    ),
    _in_browser(
        "faster-than-a-person",
        "sodate-form.js",
        "if (isFresh()) await wait(",
        "if (isFresh()) await (",
        "autofill and Enter are taken for a robot, and read that they were sent",
        "a_fast_person_is_no_robot",
    ),
    _in_browser(
        "attached-twice",
        "sodate-form.js",
        "    attached.add(form);\n",
        "",
        "a script that is on the page twice serves each form twice",
        "a_form_that_is_attached_three_times_is_sent_once",
    ),
    _in_browser(
        "a-field-hides-the-form",
        "sodate-form.js",
        "its('reset');",
        "form.reset();",
        "a form with a field named `reset` says nothing and tells nobody that it was sent",
        "a_field_may_have_the_name_of_anything_that_a_form_has",
    ),
    _in_browser(
        "a-gateways-page-is-passed-on",
        "nextjs/route.js",
        "answer.json().catch(() => null)",
        "answer.json()",
        "a refusal in HTML is said to be a busy API, and sent again for ever",
        "the_nextjs_example_answers_the_truth_whatever_the_api_answers",
    ),
)
