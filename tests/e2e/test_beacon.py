"""The beacon in a real browser (Chromium, headless) on a sample site, with the production handlers behind it.

Two servers of this test: the site, with a Content-Security-Policy, and the API, which calls the handlers in
process. The API can be slow, or away.
"""

import http.server
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from sodate.tracking.script import Script

from tests.e2e.test_browser import CHROMIUM, FLAGS
from tests.functions.quick import QuickWorld, quick_world
from tests.support.web import AGENT, publish

BUILD = Path(__file__).parents[2] / "build"
pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(CHROMIUM is None, reason="LEFT OUT: no Chromium on this machine; apt-get install chromium"),
]
Json = dict[str, Any]
PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>{path}</title>
<h1>{path}</h1><a id="next" href="/pricing">料金</a> <a id="file" href="/files/paper.pdf" download>資料</a>
<button id="cta" data-sodate-cta="header-demo">デモ</button>
<form id="form" method="post" action="{api}/forms/request-materials/submissions" target="out">
<input name="email" value="taro@example.jp"><input name="name" value="山田太郎"><input name="company" value="例示">
<input name="title" value="部長"><input type="checkbox" name="agree" value="true" checked>
<button id="post">送信</button></form>
<iframe name="out" id="out"></iframe><div style="height:{height}px"></div>
<script src="/site.js"></script><script src="{api}/sodate.js" async {attributes}></script></html>"""
SITE_SCRIPT = """window.began = performance.now(); window.trouble = [];
addEventListener('error', e => trouble.push(String(e.message)));
addEventListener('unhandledrejection', e => trouble.push(String(e.reason)));
addEventListener('DOMContentLoaded', () => { window.ready = performance.now(); });"""
ALLOWED = 'data-local="allow" data-webdriver="allow" data-patience="2"'


class Sample:
    """The site and the API. `received`: bodies of `POST /events`. `delay_s`: before the API answers anything."""

    def __init__(self, world: QuickWorld) -> None:
        self.world, self.lock = world, threading.Lock()
        self.received: list[Json] = []
        self.delay_s = 0.0
        self.attributes, self.policy, self.height = ALLOWED, True, 3000
        self.api_server = _serve(self._api)
        self.site_server = _serve(self._site)
        self.api = f"http://127.0.0.1:{self.api_server.server_port}"
        self.site = f"http://127.0.0.1:{self.site_server.server_port}"
        publish(world, origins=[self.site])
        definitions = world.app.definitions
        form = definitions.live("form", "request-materials").body
        definitions.publish("form", "request-materials", {**form, "origins": [self.site]}, world.now)

    def close(self) -> None:
        self.api_server.shutdown()
        self.site_server.shutdown()

    def batches(self, least: int = 1) -> list[Json]:
        """Once so many have arrived."""
        for _ in range(200):
            if len(self.received) >= least:
                break
            time.sleep(0.05)
        return self.received

    def events(self, type_: str) -> list[Json]:
        return [event for batch in self.received for event in batch["events"] if event["type"] == type_]

    def until(self, holds: Callable[[], Any]) -> None:
        for _ in range(200):
            if holds():
                return
            time.sleep(0.05)
        raise AssertionError(f"never: {self.received}")

    def _api(self, method: str, path: str, headers: Json, body: str) -> tuple[int, Json, bytes]:
        time.sleep(self.delay_s)
        route, parameters, function = f"{method} {path}", {}, "web_events"
        if path.startswith("/forms/"):
            route, parameters, function = (
                f"{method} /forms/{{form_id}}/submissions",
                {"form_id": path.split("/")[2]},
                "form_capture",
            )
        if path == "/events":
            self.received.append(json.loads(body))
        event = self.world.http_event(route, parameters, headers, body or None, False)
        event["requestContext"] = {"http": {"sourceIp": "192.0.2.1"}}
        with self.lock:
            answer = self.world.call(function, event)
        return answer["statusCode"], answer["headers"], answer["body"].encode()

    def _site(self, _: str, path: str, __: Json, ___: str) -> tuple[int, Json, bytes]:
        if path == "/site.js":
            return 200, {"content-type": "text/javascript"}, SITE_SCRIPT.encode()
        if path.endswith(".pdf"):
            return 200, {"content-type": "application/pdf", "content-disposition": "attachment"}, b"%PDF"
        text = PAGE.format(path=path, api=self.api, attributes=self.attributes, height=self.height)
        policy = f"default-src 'self'; style-src 'unsafe-inline'; script-src 'self' {self.api}; connect-src {self.api};"
        policy += f" form-action {self.api}; frame-src *"
        headers = {"content-type": "text/html; charset=utf-8"}
        return 200, headers | ({"content-security-policy": policy} if self.policy else {}), text.encode()


def _serve(answer: Callable[[str, str, Json, str], tuple[int, Json, bytes]]) -> http.server.ThreadingHTTPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode()
            headers = {name.lower(): value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            status, given, content = answer(self.command, self.path.split("?")[0], headers, body)
            self.send_response(status)
            for name, value in given.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # the browser left the page
                self.wfile.write(content)

        do_GET = do_POST = _answer

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sample]:
    with quick_world(monkeypatch) as world:
        made = Sample(world)
        yield made
        made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=[*FLAGS, f"--user-agent={AGENT}"]
        )
        yield found
        found.close()


@contextmanager
def opened(browser: Browser, script: str | None = None) -> Iterator[Page]:
    """A new visitor. `script`: runs before every page. Fails when the page had an error."""
    context = browser.new_context(locale="ja-JP")
    if script is not None:
        context.add_init_script(script)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.errors = errors  # type: ignore[attr-defined]
    yield page
    assert page.evaluate("window.trouble") == []
    assert context.cookies() == []
    context.close()


def test_a_visit_with_a_policy_is_a_session_with_pages_time_scroll_download_and_click(
    sample: Sample, browser: Browser
) -> None:
    with opened(browser) as page:
        page.goto(f"{sample.site}/?utm_source=google&utm_campaign=秋&secret=1&mail=a@example.jp#x")
        sample.batches(1)
        page.evaluate("scrollTo(0, 2000)")
        page.wait_for_timeout(1200)
        page.click("#cta")
        page.evaluate("sodate('event', {name: 'plan-chosen', fields: {plan: 'pro', seats: 3}})")
        with page.expect_download():
            page.click("#file")
        page.click("#next")
        page.wait_for_url("**/pricing")
        sample.until(lambda: len(sample.events("page_view")) == 2)
        assert page.errors == []  # type: ignore[attr-defined]
        stored = page.evaluate("Object.keys(localStorage)")
    assert stored == ["sodate"]
    sent = json.dumps(sample.received, ensure_ascii=False)
    assert "secret" not in sent
    assert "a@example.jp" not in sent
    (session,) = sample.world.items("session")
    assert (int(session["page_views"]), int(session["ctas"]), int(session["downloads"])) == (2, 1, 1)
    assert (session["source"], session["campaign"], session["landing"]) == ("google", "秋", "/")
    assert session["verdict"] == "human"
    assert int(session["scroll_max"]) > 50
    assert int(session["dwell_s"]) >= 1
    assert [name for name in session["folded"].split('"') if name.startswith("plan-chosen")] == [
        "plan-chosen plan=pro seats=3"
    ]


def test_a_single_page_app_views_a_page_for_each_new_path(sample: Sample, browser: Browser) -> None:
    with opened(browser) as page:
        page.goto(f"{sample.site}/app")
        sample.batches(1)
        page.evaluate("history.pushState({}, '', '/app/a')")
        page.evaluate("history.pushState({}, '', '/app/a?tab=2')")
        page.evaluate("history.replaceState({}, '', '/app/b#x')")
        page.go_back()
        sample.until(lambda: len(sample.events("page_view")) == 4)
        assert page.evaluate("history.state") == {}
    paths = [event["url"].removeprefix(sample.site) for event in sample.events("page_view")]
    assert paths == ["/app", "/app/a", "/app/b", "/app/a"]
    assert sample.events("page_view")[1]["referrer"] == ""


def test_nothing_is_stored_or_sent_before_consent_and_nothing_after_it_is_withdrawn(
    sample: Sample, browser: Browser
) -> None:
    sample.attributes = f'{ALLOWED} data-consent="required"'
    with opened(browser) as page:
        page.goto(f"{sample.site}/")
        page.wait_for_function("window.sodate && sodate.fields")
        page.evaluate("sodate('event', {name: 'plan-chosen'})")
        page.wait_for_timeout(2500)
        assert (sample.received, page.evaluate("localStorage.length")) == ([], 0)
        page.evaluate("sodate.consent(true)")
        sample.until(lambda: sample.events("page_view") and sample.events("custom"))
        assert all(batch["consent"] for batch in sample.received)
        page.goto(f"{sample.site}/pricing")
        sample.until(lambda: len(sample.events("page_view")) == 2)
        page.evaluate("sodate.consent(false)")
        before = len(sample.received)
        page.evaluate("history.pushState({}, '', '/later')")
        page.wait_for_timeout(2500)
        assert (len(sample.received), page.evaluate("localStorage.length")) == (before, 0)
        assert page.errors == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "refusal",
    [
        "Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})",
        "Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'})",
    ],
)
def test_who_refuses_is_respected(sample: Sample, browser: Browser, refusal: str) -> None:
    with opened(browser, refusal) as page:
        page.goto(f"{sample.site}/?sd_v=secret&x=1#y")
        page.wait_for_function("window.sodate && sodate.fields")
        page.evaluate("sodate.consent(true); sodate('event', {name: 'plan-chosen'})")
        page.click("#cta")
        page.wait_for_timeout(2500)
        assert (sample.received, page.evaluate("localStorage.length")) == ([], 0)
        assert page.url == f"{sample.site}/?x=1#y", "a token leaves the address bar all the same"
        assert page.errors == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("attributes", ['data-local="allow"', 'data-webdriver="allow"'])
def test_robots_that_say_so_and_developers_own_machines_send_nothing(
    sample: Sample, browser: Browser, attributes: str
) -> None:
    sample.attributes = attributes
    with opened(browser) as page:
        page.goto(f"{sample.site}/")
        page.wait_for_function("window.sodate && sodate.fields")
        page.wait_for_timeout(2500)
        assert sample.received == []


def test_without_storage_it_works_for_the_page(sample: Sample, browser: Browser) -> None:
    script = "Object.defineProperty(window, 'localStorage', {get: () => { throw new Error('denied') }})"
    with opened(browser, script) as page:
        page.goto(f"{sample.site}/")
        page.wait_for_function("window.sodate && sodate.fields")
        page.evaluate("history.pushState({}, '', '/a')")
        sample.until(lambda: len(sample.events("page_view")) == 2)
        assert page.errors == []  # type: ignore[attr-defined]
    assert len({batch["visitor"] for batch in sample.received}) == 1


def test_a_form_post_and_a_link_of_an_email_say_who_it_is(sample: Sample, browser: Browser) -> None:
    lead = sample.world.join("hanako@example.jp")
    token = sample.world.app.secrets.links().visitor_token(lead, sample.world.now)
    with opened(browser) as page:
        page.goto(f"{sample.site}/?utm_source=mail&gclid=abc&sd_v={token}#top")
        assert page.evaluate("location.href").endswith("gclid=abc#top")
        sample.batches(1)
        assert sample.received[0]["token"] == token
        page.click("#post")
        sample.until(lambda: len(sample.world.items("submission")) == 2)
    (stored,) = [one for one in sample.world.items("submission") if "taro" in one["answers"]]
    source = json.loads(stored["source"])
    assert source["visitor"] == sample.received[0]["visitor"]
    assert (source["utm_source"], source["gclid"], source["page_url"]) == ("mail", "abc", f"{sample.site}/")
    planned = [json.loads(one["message"]) for one in sample.world.items("due") if one["sk"].startswith("visitor#")]
    assert {one["by"] for one in planned} == {"link", "form:request-materials"}


def test_a_tab_that_is_opened_in_the_background_counts_when_it_is_looked_at(sample: Sample, browser: Browser) -> None:
    hidden = """let state = 'hidden'; Object.defineProperty(document, 'visibilityState', {get: () => state});
    window.show = () => { state = 'visible'; document.dispatchEvent(new Event('visibilitychange')); };"""
    with opened(browser, hidden) as page:
        page.goto(f"{sample.site}/")
        page.wait_for_function("window.sodate && sodate.fields")
        page.wait_for_timeout(2500)
        assert sample.received == []
        page.evaluate("show()")
        sample.until(lambda: len(sample.events("page_view")) == 1)


@pytest.mark.parametrize("trouble", ["down", "slow", "blocked", "broken"])
def test_the_page_is_unaffected_when_the_api_is(sample: Sample, browser: Browser, trouble: str) -> None:
    with opened(browser) as page:
        if trouble == "down":
            sample.api_server.shutdown()
            sample.api_server.server_close()
        elif trouble == "slow":
            sample.delay_s = 4
        elif trouble == "blocked":
            page.route("**/events", lambda route: route.abort("blockedbyclient"))
        else:
            page.route("**/events", lambda route: route.fulfill(status=500, body="x"))
        page.goto(f"{sample.site}/", wait_until="domcontentloaded")
        assert page.evaluate("ready") < 2_000, "the page did not wait for the script"
        page.click("#cta")
        page.evaluate("history.pushState({}, '', '/a')")
        page.wait_for_timeout(3000)
        errors = [text for text in page.errors if "Failed to load resource" not in text and "CORS" not in text]  # type: ignore[attr-defined]
        assert errors == [], "the browser notes a request that failed; nothing else is said"
        if trouble in ("blocked", "broken"):
            assert page.evaluate("!!JSON.parse(localStorage.sodate).v")


def test_size_and_time_of_the_script(sample: Sample, browser: Browser) -> None:
    """The size is a promise; the time is of this machine, and is printed and kept for `make bench`."""
    sample.policy, script = False, Script()
    run = """([text, api]) => { const times = [];
      for (let n = 0; n < 30; n++) {
        delete window.sodate;
        const tag = document.createElement('script');
        tag.dataset.local = tag.dataset.webdriver = 'allow'; tag.dataset.api = api; tag.textContent = text;
        const began = performance.now(); document.head.appendChild(tag); times.push(performance.now() - began);
      } return times; }"""
    with opened(browser) as page:
        page.route("**/sodate.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
        page.goto(f"{sample.site}/")
        times = page.evaluate(run, [script.text, sample.api])
    figures = {
        "bytes": len(script.text), "bytes_gzipped": len(script.compressed), "first_ms": round(times[0], 2),
        "median_ms": round(statistics.median(times), 2),
    }  # fmt: skip
    BUILD.mkdir(exist_ok=True)
    (BUILD / "beacon.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(figures)
    assert figures["bytes_gzipped"] <= 3_000
