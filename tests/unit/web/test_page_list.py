"""The pages that browsers judge (`tests/e2e/test_pages_axe.py`) are all pages that there are."""

import re
from pathlib import Path

import sodate

from tests.support.public_pages import PAGES, page_functions

PACKAGE = Path(sodate.__path__[0])
#: Builds any page from its parts.
FRAME = {"page"}


def test_every_function_that_makes_a_page_has_an_example() -> None:
    listed = {name.partition(":")[0] for name in PAGES}
    assert page_functions() - FRAME - {"error_page"} == listed - {"export_page", "handoff_html"}


def test_no_other_file_writes_a_document() -> None:
    """`error_page` only names the entries of `form_errors_page`. Reports have a browser test of their own."""
    files = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if re.search(r"<!doctype html>", file.read_text(encoding="utf-8"))
    }
    judged = {"web/pages.py", "privacy/export_page.py", "sales/handoff_markup.py"}
    others = {file for file in files if not file.startswith(("reports/", "rehearsal/"))}
    assert others - {"authoring/preview.py"} == judged
