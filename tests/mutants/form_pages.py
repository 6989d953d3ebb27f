"""Seeded bugs in who may post a form, under which names, and who hears of doubtful posts."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/"
_PAGES = "tests/functions/test_form_pages.py"
_ANNOUNCEMENT = "tests/functions/test_quarantine_announcement.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, tests: str = _PAGES) -> Mutant:
    path = file if file.startswith("functions/") else f"{_SODATE}{file}"
    return Mutant(name, path, ((old, new),), breaks, tests=(tests,))


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
)
