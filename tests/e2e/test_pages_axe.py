"""Every page that Sodate shows, in a real browser: readable, operable, nothing cut, nothing loaded but the logo.

It needs no local cloud: the pages are worked examples, answered by the browser's own network layer.
"""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, sync_playwright
from sodate.web.pages import Page as Document
from sodate_cli.local.server import LocalServices
from sodate_cli.local.web import serve

from tests.support.public_pages import LOGO, PAGES

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = ROOT / "build" / "screenshots" / "pages"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
WIDTHS = {"desktop": (1280, 900), "phone": (390, 844)}
SITE = "https://pages.example/"
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 2"><rect width="9" height="2" fill="#d9480f"/></svg>'

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
        if isinstance(built, Document):
            route.fulfill(body=built.html, headers=built.headers)
        else:
            route.fulfill(body=built, content_type="text/html; charset=utf-8")

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
def mailbox(tmp_path: Path) -> Iterator[tuple[LocalServices, str]]:
    """Its own server, on a free port, and its address."""
    services = LocalServices(tmp_path)
    services.simulator.identities = ("example.jp",)
    server = serve(services.router, 0)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield services, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def send(services: LocalServices, subject: str) -> str:
    html = '<!doctype html><html lang="ja"><title>M</title><p>本文</p><a href="https://www.example.jp/x">A</a>'
    body = {"Html": {"Data": html}, "Text": {"Data": "本文 " * 400}}
    request: dict[str, Any] = {
        "FromEmailAddress": "news@example.jp",
        "Content": {"Simple": {"Subject": {"Data": subject}, "Body": body}},
        "Destination": {"ToAddresses": ["taro@example.jp"]},
    }
    return services.simulator.send_email(request)


def test_the_mailbox_is_accessible_empty_with_a_list_and_with_a_mail(
    context: BrowserContext, mailbox: tuple[LocalServices, str], scheme: str, device: str
) -> None:
    services, site = mailbox
    wrong = wrong_with(context, site, f"mailbox-empty-{device}-{scheme}")
    ids = [send(services, f"資料のご請求ありがとうございます {'とても長い件名' * n}") for n in range(12)]
    services.actions.bounce(ids[0], "hard")
    wrong += wrong_with(context, site, f"mailbox-list-{device}-{scheme}")
    for view in ("html", "text", "headers", "events"):
        wrong += wrong_with(context, f"{site}/mail/{ids[0]}?view={view}", f"mailbox-{view}-{device}-{scheme}")
    wrong += wrong_with(context, f"{site}/mail/{ids[3]}?notice=SES+reports+it", f"mailbox-notice-{device}-{scheme}")
    wrong += wrong_with(context, f"{site}/mail/{ids[0]}?lang=ja", f"mailbox-ja-{device}-{scheme}")
    assert wrong == []


def test_a_new_mail_is_said_and_listed_without_a_reload(browser: Browser, mailbox: tuple[LocalServices, str]) -> None:
    services, site = mailbox
    first = send(services, "first")
    page = browser.new_page()
    page.clock.install()
    page.goto(f"{site}/mail/{first}")
    page.locator(f'a[href="/mail/{first}"]').first.focus()
    page.evaluate("window.stays = true")
    send(services, "second")
    page.clock.run_for(6000)
    page.get_by_role("status").filter(has_text="1 new mail").wait_for()
    assert page.locator("nav .row").count() == 2
    assert page.locator('nav .row[aria-current="true"]').count() == 1
    assert page.evaluate("window.stays") is True
    assert page.evaluate("document.activeElement.getAttribute('href')") == f"/mail/{first}"
    page.close()
