"""The pages of all reports in a real browser: nothing is cut, axe finds nothing serious, paper has the charts.

It needs no local cloud: the pages are worked examples with hostile and long names.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sodate.reports.catalogs import languages, words_in
from sodate.reports.page import page as html_of

from tests.support.report_pages import library
from tests.support.sample_reports import SAMPLES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = Path(__file__).parents[2] / "build" / "screenshots" / "reports"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="LEFT OUT: no Chromium on this machine; apt-get install chromium"),
]
#: Elements that stick out of the page, beside those in a part that scrolls by itself.
_STICKING_OUT = """() => [...document.querySelectorAll('main *')].filter((one) => !one.closest('.scroll, svg')
  && !one.matches('caption') && one.getClientRects().length && (one.getBoundingClientRect().right > innerWidth + 1
  || one.getBoundingClientRect().left < -1)).map((one) => one.outerHTML.slice(0, 120))"""
#: Texts of the drawn charts that lie outside of their chart.
_CUT = """() => [...document.querySelectorAll('.plot-area svg')].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll('text')].filter((text) => {
    const box = text.getBoundingClientRect();
    return box.width && (box.left < frame.left - 2 || box.right > frame.right + 2 || box.bottom > frame.bottom + 2);
  }).map((text) => text.textContent);
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield started
        started.close()


def opened(context: BrowserContext, file: Path) -> tuple[Page, list[str]]:
    page, errors = context.new_page(), list[str]()
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(f"dialog {dialog.message}"))
    page.goto(file.as_uri())
    return page, errors


@pytest.mark.parametrize("kind", sorted(SAMPLES))
@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("device", WIDTHS)
def test_a_page_is_whole_and_accessible(
    browser: Browser, tmp_path: Path, kind: str, language: str, device: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_of(SAMPLES[kind](language), words_in(language), library()), encoding="utf-8")
    width, height = WIDTHS[device]
    SHOTS.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
        page, errors = opened(context, file)
        page.screenshot(path=SHOTS / f"{kind}-{language}-{device}-{scheme}.png", full_page=True)
        assert errors == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(_STICKING_OUT) == []
        assert page.evaluate(_CUT) == []
        context.close()
        assert _serious(browser, file, width, height, scheme) == []


def _serious(browser: Browser, file: Path, width: int, height: int, scheme: str) -> list[Any]:
    """axe is a script of its own, which the page's policy would refuse."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
    )
    page, _ = opened(context, file)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    context.close()
    return [
        (one["id"], one["nodes"][0]["html"]) for one in found["violations"] if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("rows", [0, 1, 200])
def test_a_page_of_any_length_has_its_charts(browser: Browser, tmp_path: Path, rows: int) -> None:
    for kind in ("campaign", "funnel", "template", "kpi"):
        file = tmp_path / f"{kind}.html"
        file.write_text(html_of(SAMPLES[kind]("ja", rows), words_in("ja"), library()), encoding="utf-8")
        context = browser.new_context(viewport={"width": 390, "height": 844})
        page, errors = opened(context, file)
        assert errors == []
        figures, drawn = page.locator("figure.chart"), page.locator("figure.chart svg")
        assert figures.count() == drawn.count()
        assert page.evaluate(_STICKING_OUT) == []
        context.close()


def test_without_javascript_every_figure_stands_in_a_table(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_of(SAMPLES["template"]("ja", 30), words_in("ja"), library()), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    tables = page.locator("table")
    assert tables.count() >= 3
    assert all(tables.nth(number).is_visible() for number in range(tables.count()))
    assert not page.locator("figure.chart").first.is_visible()
    context.close()


def test_on_paper_the_charts_are_drawn_at_its_width_in_light_colours(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_of(SAMPLES["kpi"]("ja"), words_in("ja"), library()), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    page, _ = opened(context, file)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    shape = page.evaluate(
        "(() => { const svg = document.querySelector('.plot-area svg'), box = svg.getBoundingClientRect();"
        " return {viewBox: svg.getAttribute('viewBox'), height: box.height, width: box.width,"
        " text: getComputedStyle(document.documentElement).getPropertyValue('--text').trim()}; })()"
    )
    assert shape["viewBox"].startswith("0 0 720 ") and shape["height"] > 100 and shape["width"] > 300, json.dumps(shape)
    assert shape["text"] == "#1b211d"
    context.close()
