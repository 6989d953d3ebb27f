"""Every page that Sodate shows, in a real browser: readable, operable, nothing cut, nothing loaded but the logo.

It needs no local cloud: the pages are worked examples, answered by the browser's own network layer.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, sync_playwright
from sodate.web.pages import Page as Document
from sodate_cli.local.mailbox.actions import Actions
from sodate_cli.local.services import LocalServices

from tests.support.public_pages import LOGO, PAGES

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = ROOT / "build" / "screenshots" / "pages"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
SITE = "https://pages.example/"
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 180 40"><rect width="180" height="40" fill="#d9480f"/></svg>'

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="LEFT OUT: no Chromium on this machine; apt-get install chromium"),
]
#: Controls below 24 × 24 CSS pixels (WCAG 2.2, 2.5.8), beside links in a line of text, which the rule excepts.
_SMALL = """() => [...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, summary, a')]
  .filter((one) => one.getClientRects().length && !one.closest('[hidden]'))
  .filter((one) => !(one.matches('a') && getComputedStyle(one).display === 'inline'))
  .filter((one) => one.getBoundingClientRect().height < 24 || one.getBoundingClientRect().width < 24)
  .map((one) => one.outerHTML.slice(0, 120))"""
_OPEN = "() => document.querySelectorAll('details').forEach((one) => { one.removeAttribute('name'); one.open = true; })"
_AXE = """() => axe.run(document, {preload: false, resultTypes: ['violations']}).then((result) =>
  result.violations.map((one) => `${one.id} (${one.impact}): ${one.nodes.map((node) => node.html.slice(0, 120))}`))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=WIDTHS)
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def context(browser: Browser, scheme: Any, device: str) -> Iterator[BrowserContext]:
    width, height = WIDTHS[device]
    made = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    yield made
    made.close()


def wrong_with(context: BrowserContext, url: str, shot: str) -> list[str]:
    """Everything that is wrong with the page, in words."""
    page, wrong = context.new_page(), list[str]()
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
    page.goto(url)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{shot}.png", full_page=True)
    page.evaluate(_OPEN)
    width = page.viewport_size["width"] if page.viewport_size else 0
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        wrong.append(f"it is {wide} px wide")
    wrong += [f"small: {one}" for one in page.evaluate(_SMALL)]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    wrong += page.evaluate(_AXE)
    page.close()
    return [f"{shot}: {one}" for one in wrong]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_public_page_is_whole_and_accessible(
    context: BrowserContext, language: str, scheme: str, device: str
) -> None:
    def answer(route: Route) -> None:
        if route.request.url == LOGO:
            route.fulfill(body=_SVG, content_type="image/svg+xml")
            return
        built = PAGES[names[int(route.request.url.removeprefix(SITE))]](language)
        is_page = isinstance(built, Document)
        headers = built.headers if isinstance(built, Document) else {"content-type": "text/html; charset=utf-8"}
        route.fulfill(body=built.html if is_page else built, headers=headers)  # type: ignore[union-attr]

    names, wrong = list(PAGES), list[str]()
    context.route("**/*", answer)
    for number, name in enumerate(names):
        shot = f"{name.replace(':', '-').replace(' ', '-')}-{language}-{device}-{scheme}"
        wrong += wrong_with(context, f"{SITE}{number}", shot)
    assert wrong == []


def test_the_form_example_is_accessible(context: BrowserContext, scheme: str, device: str) -> None:
    def answer(route: Route) -> None:
        file = ROOT / "docs" / "examples" / route.request.url.removeprefix(SITE)
        if file.is_file():
            route.fulfill(path=file)
        else:
            route.fulfill(json={"fields": [], "_token": "t"})

    context.route("**/*", answer)
    assert wrong_with(context, f"{SITE}form.html", f"form-{device}-{scheme}") == []


@pytest.fixture
def mailbox(tmp_path: Path) -> LocalServices:
    services = LocalServices(tmp_path)
    services.simulator.identities = ("example.jp",)
    return services


def send(services: LocalServices, subject: str) -> str:
    html = '<!doctype html><html lang="ja"><title>M</title><p>本文</p><a href="https://www.example.jp/x">A</a>'
    simple = {"Subject": {"Data": subject}, "Body": {"Html": {"Data": html}, "Text": {"Data": "本文 " * 200}}}
    request: dict[str, Any] = {"FromEmailAddress": "news@example.jp", "Content": {"Simple": simple}}
    return services.simulator.send_email(request | {"Destination": {"ToAddresses": ["taro@example.jp"]}})


def serve_mailbox(context: BrowserContext, services: LocalServices) -> None:
    from sodate_cli.local.web import Request

    def answer(route: Route) -> None:
        path, _, query = route.request.url.removeprefix(SITE.rstrip("/")).partition("?")
        from urllib.parse import parse_qs

        response = services.router.answer(Request(route.request.method, path, parse_qs(query), {}, b""))
        route.fulfill(status=response.status, body=response.body, headers=response.headers)

    context.route("**/*", answer)
