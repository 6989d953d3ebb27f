"""The form examples of docs in a real browser, against the production handler over HTTP: on the worst days too.

Right message on the right field, nothing lost, nothing twice.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.test_browser import CHROMIUM, FLAGS
from tests.functions.quick import quick_world
from tests.support.form_site import EXAMPLES, LOST, THROTTLED, UNANSWERED, FormSite

ROOT = Path(__file__).parents[2]
ESBUILD = ROOT / "node_modules" / ".bin" / "esbuild"
pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(CHROMIUM is None, reason="LEFT OUT: no Chromium on this machine; apt-get install chromium"),
]
PATIENT = {"bots": {"minimum_seconds": 0}}
THANKS = "https://www.example.jp/materials/thanks"
REACT = """import { createRoot } from 'react-dom/client';
import { ContactForm } from './docs/examples/react/ContactForm.jsx';
const root = createRoot(document.getElementById('root'));
root.render(<ContactForm api="API" onSubmitted={id => { window.submitted = id; }} />);
"""
REACT_PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>React</title><div id="root"></div>
<script src="/sodate-form.js"></script><script src="/react.js"></script></html>"""

NEXTJS_SERVER = """import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const route = await import('./route.mjs');
const server = createServer(async (asked, answer) => {
  const url = new URL(asked.url, 'http://localhost');
  if (!url.pathname.endsWith('/lead')) {
    const isPage = url.pathname === '/form.html', name = isPage ? 'form.html' : 'sodate-form.js';
    answer.writeHead(200, { 'content-type': (isPage ? 'text/html' : 'text/javascript') + '; charset=utf-8' });
    return answer.end(readFileSync(name));
  }
  const api = url.searchParams.get('api');
  if (api) process.env.SODATE_API = api;
  const { GET, POST } = api ? await import('./route.mjs?' + encodeURIComponent(api)) : route;
  const body = [];
  for await (const part of asked) body.push(part);
  const given = asked.method === 'GET' ? await GET()
    : await POST(new Request(url, { method: 'POST', body: Buffer.concat(body) }));
  answer.writeHead(given.status, Object.fromEntries(given.headers));
  answer.end(await given.text());
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[FormSite]:
    with quick_world(monkeypatch) as world:
        made = FormSite(world)
        yield made
        made.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield found
        found.close()


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """A new visitor. `window.heard`: the events of the helper."""
    context = browser.new_context(locale="ja-JP")
    context.add_init_script(
        "window.heard = []; for (const n of ['submitted', 'failed'])"
        " addEventListener('sodate:' + n, e => heard.push([n, e.detail]));"
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    yield page
    assert errors == []
    context.close()


def fill(page: Page, email: str = "taro@example.jp", phone: str = "") -> None:
    page.get_by_label("メールアドレス").fill(email)
    page.get_by_label("氏名").fill("山田太郎")
    page.get_by_label("会社名").fill("例示株式会社")
    title = page.locator("[name=title]")
    title.select_option("部長") if title.evaluate("e => e.tagName") == "SELECT" else title.fill("部長")
    page.get_by_label("電話番号").fill(phone)
    page.locator("[name=agree]").check()


def submit(page: Page) -> None:
    page.get_by_role("button", name="送信する").click()


def says(page: Page, text: str) -> None:
    expect(page.get_by_role("status")).to_contain_text(text, timeout=20_000)


def says_in(page: Page, text: str) -> None:
    """As `says`, for a form that has no place for it: the helper puts it at the end of the form."""
    expect(page.locator("form > [role=status]:last-child")).to_contain_text(text, timeout=20_000)


def described(page: Page, name: str) -> str:
    """What a screen reader says about the field beside its label."""
    found = page.locator(f"[name={name}]").evaluate(
        "e => e.getAttribute('aria-invalid') === 'true' && (e.getAttribute('aria-describedby') || '').split(' ')"
        ".map(id => document.getElementById(id)?.textContent).join(' ')"
    )
    return str(found or "")


def test_an_empty_form_says_at_each_field_what_is_missing_and_sends_nothing(site: FormSite, browser: Browser) -> None:
    with opened(browser, f"{site.url}/form.html") as page:
        submit(page)
        says(page, "入力内容をご確認ください。")
        assert {name: described(page, name) for name in ("email", "name", "company", "title", "phone")} == {
            "email": "入力してください。", "name": "入力してください。", "company": "入力してください。",
            "title": "入力してください。", "phone": "",
        }  # fmt: skip
        assert page.evaluate("document.activeElement.name") == "email"
        page.get_by_label("氏名").fill("山")
        assert described(page, "name") == ""
    assert site.posts == []


def test_what_the_server_finds_stands_at_its_field_until_it_is_mended(site: FormSite, browser: Browser) -> None:
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page, phone="123")
        submit(page)
        says(page, "入力内容をご確認ください。")
        assert described(page, "phone") == "電話番号の形式をご確認ください。"
        assert described(page, "email") == ""
        assert page.evaluate("document.activeElement.name") == "phone"
        page.get_by_label("電話番号").fill("０３－１２３４－５６７８")
        assert described(page, "phone") == ""
        submit(page)
        says(page, "送信しました。")
        assert page.get_by_label("メールアドレス").input_value() == ""
        assert page.locator("[aria-invalid], .sodate-error").count() == 0
        heard = page.evaluate("heard")
    (stored,) = site.stored()
    assert heard[0] == ["failed", {"code": "invalid_fields", "status": 422, "fields": ["phone"]}]
    assert heard[1:] == [["submitted", {"submission_id": stored["id"], "form": "materials"}]]


def test_an_english_page_speaks_english(site: FormSite, browser: Browser) -> None:
    site.pages["/en.html"] = site.pages["/form.html"].replace(b'lang="ja"', b'lang="en"')
    with opened(browser, f"{site.url}/en.html") as page:
        fill(page, phone="123")
        submit(page)
        says(page, "Please check your entries.")
        assert described(page, "phone") == "Please check the phone number."


def test_two_posts_of_one_page_are_two_submissions_and_a_double_click_is_one(site: FormSite, browser: Browser) -> None:
    with opened(browser, f"{site.url}/form.html") as page:
        for number in (1, 2):
            fill(page, email=f"taro{number}@example.jp")
            page.get_by_role("button", name="送信する").dblclick()
            expect(page.get_by_label("氏名")).to_have_value("", timeout=20_000)
            says(page, "送信しました。")
    assert len(site.stored()) == 2


@pytest.mark.parametrize("fault", ["busy", "throttled", "lost", "unanswered", "slow"])
def test_a_post_that_fails_is_repeated_with_its_id_and_stored_once(
    site: FormSite, browser: Browser, fault: str
) -> None:
    site.faults = [
        {"busy": site.busy(2), "throttled": THROTTLED, "lost": LOST, "unanswered": UNANSWERED, "slow": 3.0}[fault]
    ]
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        submit(page)
        says(page, "送信しています…" if fault == "slow" else "混み合っています。自動で再送します…")
        assert page.get_by_role("button").is_disabled()
        says(page, "送信しました。")
    assert len(site.stored()) == 1
    assert len({post["_submission_id"] for post in site.posts}) == 1


def test_a_page_waits_as_long_as_the_api_asks_it_to(site: FormSite, browser: Browser) -> None:
    """Longer than the second it would wait by itself."""
    site.faults = [site.busy(4)]
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        page.evaluate(
            "() => { const real = setTimeout; window.waited = [];"
            " window.setTimeout = (f, ms, ...r) => { waited.push(ms); return real(f, ms === 4000 ? 10 : ms, ...r); }; }"
        )
        submit(page)
        says(page, "送信しました。")
        assert 4000 in page.evaluate("waited")


def test_an_api_that_is_down_keeps_what_was_typed_and_the_next_try_is_the_same_submission(
    site: FormSite, browser: Browser
) -> None:
    site.publish(**PATIENT)
    with opened(browser, f"{site.url}/form.html") as page:
        _without_patience(page)
        site.faults = [UNANSWERED, LOST, LOST, LOST, LOST]
        fill(page)
        submit(page)
        says(page, "送信できませんでした。入力内容は残っています。")
        assert page.get_by_label("メールアドレス").input_value() == "taro@example.jp"
        page.reload()  # a person does that
        fill(page)
        submit(page)
        says(page, "送信しました。")
    assert len(site.posts) == 6
    assert len({post["_submission_id"] for post in site.posts}) == 1
    assert [post["id"] for post in site.stored()] == [site.posts[0]["_submission_id"]], (site.posts, site.stored())


def test_answers_that_were_changed_after_a_lost_answer_are_not_refused(site: FormSite, browser: Browser) -> None:
    site.publish(**PATIENT)
    with opened(browser, f"{site.url}/form.html") as page:
        _without_patience(page)
        site.faults = [UNANSWERED] * 5
        fill(page)
        submit(page)
        says(page, "送信できませんでした。")
        page.get_by_label("会社名").fill("別の会社")
        submit(page)
        says(page, "送信しました。")
    assert sorted(post["answers"]["company"] for post in site.stored()) == ["例示株式会社", "別の会社"]


def test_offline_says_so_and_sends_by_itself_when_the_network_is_back(site: FormSite, browser: Browser) -> None:
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        page.wait_for_timeout(300)
        page.context.set_offline(True)
        submit(page)
        says(page, "インターネットに接続されていません。")
        assert site.posts == []
        page.context.set_offline(False)
        says(page, "送信しました。")
    assert len(site.stored()) == 1


def test_a_page_that_is_not_listed_says_which_address_and_who_can_mend_it(site: FormSite, browser: Browser) -> None:
    site.publish(origins=["https://www.example.jp"])
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        submit(page)
        says(page, f"このページ（{site.url}）からは送信できません。")
        says(page, "サイトの管理者にお知らせください。")
        assert page.get_by_label("メールアドレス").input_value() == "taro@example.jp"
    assert site.preflights
    assert site.posts == [], "its browser was not allowed to post"


def test_a_page_is_allowed_by_publishing_the_form_alone(site: FormSite, browser: Browser) -> None:
    site.publish(origins=["https://www.example.jp"])
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        submit(page)
        says(page, "からは送信できません。")
        site.publish(origins=["https://www.example.jp", site.url])
        submit(page)
        says(page, "送信しました。")
    assert len(site.stored()) == 1


def test_any_port_of_localhost_may_post_when_the_form_says_so(site: FormSite, browser: Browser) -> None:
    site.publish(origins=["http://localhost:*"])
    with opened(browser, f"{site.url.replace('127.0.0.1', 'localhost')}/form.html") as page:
        fill(page)
        submit(page)
        says(page, "送信しました。")


def test_a_closed_form_says_so(site: FormSite, browser: Browser) -> None:
    site.publish(status="closed")
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        submit(page)
        says(page, "このフォームは現在受け付けていません。")


@pytest.mark.parametrize("asked", [THANKS, "https://evil.example/"])
def test_the_page_afterwards_is_one_that_the_form_lists(site: FormSite, browser: Browser, asked: str) -> None:
    hidden = f'<input type="hidden" name="_redirect" value="{asked}"></form>'.encode()
    site.pages["/form.html"] = site.pages["/form.html"].replace(b"</form>", hidden)
    with opened(browser, f"{site.url}/form.html") as page:
        page.route(
            re.compile("^https://"), lambda route: route.fulfill(body="<h1>afterwards</h1>", content_type="text/html")
        )
        fill(page)
        submit(page)
        if asked == THANKS:
            page.wait_for_url(THANKS, timeout=20_000)
        else:
            says(page, "送信しました。")
            assert page.url == f"{site.url}/form.html"
    assert len(site.stored()) == 1


def test_without_javascript_the_form_is_shown_again_with_its_entries_and_goes_on_to_the_companys_page(
    site: FormSite, browser: Browser
) -> None:
    site.publish(origins=[site.url, site.api])  # the real API is https, and its own site needs no entry
    context = browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = context.new_page()
    page.route(
        re.compile("^https://"), lambda route: route.fulfill(body="<h1>afterwards</h1>", content_type="text/html")
    )
    page.goto(f"{site.url}/form.html")
    page.get_by_label("メールアドレス").fill("taro@example.jp")
    page.get_by_label("氏名").fill("山田太郎")
    page.get_by_label("会社名").fill("例示株式会社")
    page.locator("[name=title]").select_option("部長")
    page.get_by_label("電話番号").fill("123")
    page.locator("[name=agree]").check()
    submit(page)
    expect(page.get_by_role("heading")).to_have_text("入力内容をご確認ください")
    phone = page.get_by_label("電話番号")
    expect(phone).to_have_accessible_description(re.compile("電話番号を市外局番から"))
    expect(phone).to_have_value("123")
    expect(page.locator("[name=title]")).to_have_value("部長")
    expect(page.locator("[name=agree]")).to_be_checked()
    page.get_by_role("link", name="電話番号").click()
    phone.fill("０３－１２３４－５６７８")
    page.get_by_role("button", name="もう一度送信する").click()
    page.wait_for_url(THANKS, timeout=20_000)
    context.close()
    (stored,) = site.stored()
    assert stored["answers"] | {"phone": "+81312345678", "title": "部長"} == stored["answers"]


def test_a_fast_person_is_no_robot(site: FormSite, browser: Browser) -> None:
    """Autofill and Enter within a second: the helper waits until the form believes it."""
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        page.get_by_label("電話番号").press("Enter")
        says(page, "送信しました。")
    (stored,) = site.stored()
    assert site.quarantined() == []
    assert stored["answers"]["email"] == "taro@example.jp"


def test_a_person_reads_that_it_is_sending_while_the_page_waits_for_the_form(site: FormSite, browser: Browser) -> None:
    site.publish(bots={"minimum_seconds": 4})
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        submit(page)
        expect(page.get_by_role("status")).to_have_text("送信しています…", timeout=1_500)
        assert site.posts == []
        says(page, "送信しました。")
    assert (len(site.stored()), site.quarantined()) == (1, [])


NAMES = ["lang", "action", "reset", "id", "method", "submit", "elements", "children", "dispatchEvent", "querySelector",
         "addEventListener", "appendChild", "noValidate"]  # fmt: skip


def test_a_field_may_have_the_name_of_anything_that_a_form_has(site: FormSite, browser: Browser) -> None:
    """`form.reset` is the field named `reset`, where there is one."""
    live = site.world.app.definitions.live("form", "request-materials").body
    more = [{"name": f"own_{number}", "type": "text", "aliases": [name]} for number, name in enumerate(NAMES)]
    site.publish(fields=[*live["fields"], *more])
    inputs = "".join(f'<input name="{name}" aria-label="{name}">' for name in NAMES)
    _change(site, "<p role=", f"{inputs}<p role=")
    _change(site, " data-sodate-status", "")  # the helper makes its own
    with opened(browser, f"{site.url}/form.html") as page:
        for name in NAMES:
            page.get_by_label(name, exact=True).fill(f"value of {name}")
        fill(page, phone="123")
        submit(page)
        says_in(page, "入力内容をご確認ください。")
        assert described(page, "phone") == "電話番号の形式をご確認ください。"
        page.get_by_label("電話番号").fill("")
        submit(page)
        says_in(page, "送信しました。")
        assert page.get_by_label("メールアドレス").input_value() == ""
        assert page.evaluate("heard.at(-1)[1].form") == "materials"
    (stored,) = site.stored()
    assert [stored["answers"][f"own_{number}"] for number in range(len(NAMES))] == [
        f"value of {name}" for name in NAMES
    ]


def test_a_form_that_cannot_work_does_not_stop_the_others(site: FormSite, browser: Browser) -> None:
    _change(site, '<form id="materials"', '<form data-sodate action="http://[" ></form><form id="materials"')
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        submit(page)
        says(page, "送信しました。")
    assert len(site.stored()) == 1


@pytest.mark.parametrize(
    "body", [b"<!doctype html><p>Welcome", b"", b'{"ok":true}', b'["accepted"]', b'"accepted"', b"null"]
)
def test_an_answer_that_is_none_of_ours_is_no_success(site: FormSite, browser: Browser, body: bytes) -> None:
    """The page of a proxy, or the start page of a website that answers every address."""
    site.publish(**PATIENT)
    with opened(browser, f"{site.url}/form.html") as page:
        _without_patience(page)
        site.faults = [site.answers(200, body, "text/html")] * 5
        fill(page)
        submit(page)
        says(page, "送信できませんでした。入力内容は残っています。")
        assert page.get_by_label("メールアドレス").input_value() == "taro@example.jp"
        assert [name for name, _ in page.evaluate("heard")] == ["failed"]
        assert site.stored() == []
        submit(page)
        says(page, "送信しました。")
    assert len(site.posts) == 6
    assert [post["id"] for post in site.stored()] == [site.posts[0]["_submission_id"]]


@pytest.mark.parametrize(
    ("name", "at_first"),
    [("cf-turnstile-response", ""), ("cf-turnstile-response", "disabled"), ("_captcha", ""), ("_token", "")],
    ids=["turnstile", "turnstile that came late", "captcha", "token"],
)
def test_a_check_that_is_solved_anew_is_no_other_submission(
    site: FormSite, browser: Browser, name: str, at_first: str
) -> None:
    site.publish(**PATIENT)
    hidden = f'<input type="hidden" name="{name}" value="first" {at_first}>'
    _change(site, "data-sodate>", f"data-sodate>{hidden}")
    with opened(browser, f"{site.url}/form.html") as page:
        _without_patience(page)
        site.faults = [UNANSWERED, LOST, LOST, LOST, LOST]
        fill(page)
        submit(page)
        says(page, "送信できませんでした。")
        page.locator(f"[name={name}]").evaluate("e => { e.value = 'second'; e.disabled = false; }")
        submit(page)
        says(page, "送信しました。")
    assert len(site.posts) == 6
    assert len({post["_submission_id"] for post in site.posts}) == 1
    assert len(site.stored()) == 1


def test_the_post_whose_check_failed_is_the_one_that_is_sent_again(site: FormSite, browser: Browser) -> None:
    """It is kept in quarantine, and leaves it by the same id."""
    _change(site, "<p role=", '<input type="hidden" name="cf-turnstile-response" value="first"><p role=')
    refused = b'{"error":{"code":"captcha_timeout-or-duplicate","message":"please solve the check again"}}'
    site.faults = [site.answers(403, refused)]
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        submit(page)
        says(page, "確認をもう一度お試しください。")
        page.locator("[name=cf-turnstile-response]").evaluate("e => { e.value = 'second'; }")
        submit(page)
        says(page, "送信しました。")
    assert len({post["_submission_id"] for post in site.posts}) == 1


def test_a_page_that_was_opened_during_an_outage_sends_a_token_all_the_same(site: FormSite, browser: Browser) -> None:
    site.publish(bots={"token_required": True, "minimum_seconds": 2})
    site.is_down = True
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        submit(page)
        says(page, "混み合っています。")
        assert site.tokens == []
        site.is_down = False
        says(page, "送信しました。")
    assert (len(site.stored()), site.quarantined()) == (1, [])
    assert site.posts[-1]["_token"] == site.tokens[-1]


def test_a_page_that_was_offline_for_hours_sends_a_new_token(site: FormSite, browser: Browser) -> None:
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        page.wait_for_timeout(300)
        page.context.set_offline(True)
        submit(page)
        says(page, "インターネットに接続されていません。")
        page.evaluate("() => { const real = Date.now; Date.now = () => real() + 2 * 36e5; }")
        page.context.set_offline(False)
        says(page, "送信しました。")
    assert (len(site.stored()), site.quarantined()) == (1, [])
    assert [post["_token"] for post in site.posts] == [site.tokens[-1]]
    assert len(site.tokens) == 2


def test_a_page_that_stops_the_submit_is_obeyed(site: FormSite, browser: Browser) -> None:
    _change(site, "</main>", "</main><script>document.forms[0].addEventListener('submit',"
            " e => { if (!window.allowed) e.preventDefault(); })</script>")  # fmt: skip
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        submit(page)
        page.wait_for_timeout(3_000)
        assert site.posts == []
        page.evaluate("window.allowed = true")
        submit(page)
        says(page, "送信しました。")
    assert len(site.posts) == 1


def test_a_form_that_is_attached_three_times_is_sent_once(site: FormSite, browser: Browser) -> None:
    """Also without a button, whose being disabled would hide the second handler."""
    _change(site, "</main>", '</main><script src="sodate-form.js" defer></script>')
    _change(site, "<p><button>送信する</button></p>", "")
    with opened(browser, f"{site.url}/form.html") as page:
        page.evaluate("Sodate.attach(document.forms[0])")
        fill(page)
        page.evaluate("document.forms[0].requestSubmit()")
        says(page, "送信しました。")
        page.wait_for_timeout(3_000)
        assert [name for name, _ in page.evaluate("heard")] == ["submitted"]
    assert (len(site.posts), len(site.tokens)) == (1, 1)


def test_two_forms_without_ids_have_messages_of_their_own(site: FormSite, browser: Browser) -> None:
    html = site.pages["/form.html"].decode().replace('<form id="materials"', "<form")
    form = html[html.index("<form") : html.index("</form>") + len("</form>")]
    site.pages["/form.html"] = html.replace(form, f'<b id="sodate-email-error">Ours</b>{form}{form}').encode()
    with opened(browser, f"{site.url}/form.html") as page:
        for number in (0, 1, 0):
            page.get_by_role("button").nth(number).click()
        found = page.evaluate(
            "[...document.querySelectorAll('[name=email]')].map(e => e.getAttribute('aria-describedby').split(' ')"
            ".map(id => document.getElementById(id)).every(note => note.closest('form') === e.form))"
        )
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
        assert page.locator(".sodate-error").count() == 8
        assert page.locator("#sodate-email-error").text_content() == "Ours"
        page.locator("[name=email]").nth(1).fill("x")
        assert page.locator(".sodate-error").count() == 7
    assert found == [True, True]
    assert len(ids) == len(set(ids))


@pytest.fixture(scope="session")
def react(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The React example with React itself, built as a company builds it."""
    if not ESBUILD.exists():
        pytest.skip("LEFT OUT: no React; make venv")
    out = tmp_path_factory.mktemp("react") / "out.js"
    command = [str(ESBUILD), "--bundle", "--loader=jsx", "--jsx=automatic", f"--outfile={out}",
               '--define:process.env.NODE_ENV="production"']  # fmt: skip
    subprocess.run(command, input=REACT.encode(), cwd=ROOT, check=True, capture_output=True)
    return out.read_bytes()


def test_the_react_example_shows_errors_at_their_fields_and_stores_once(
    site: FormSite, browser: Browser, react: bytes
) -> None:
    site.pages["/react.html"], site.pages["/react.js"] = (
        REACT_PAGE.encode(),
        react.replace(b'"API"', f'"{site.api}"'.encode()),
    )
    with opened(browser, f"{site.url}/react.html") as page:
        fill(page, email="nobody", phone="123")
        submit(page)
        says(page, "入力内容をご確認ください。")
        assert described(page, "email") == "メールアドレスの形式をご確認ください。"
        assert described(page, "phone") == "電話番号の形式をご確認ください。"
        assert described(page, "name") == ""
        fill(page)
        assert described(page, "phone") == ""
        site.faults = [UNANSWERED, site.busy(1)]
        page.get_by_role("button", name="送信する").dblclick()
        says(page, "混み合っています。")
        says(page, "送信しました。")
        submitted = page.evaluate("submitted")
    (stored,) = site.stored()
    assert stored["id"] == submitted
    assert len({post["_submission_id"] for post in site.posts[1:]}) == 1


def test_the_react_example_sends_every_choice_of_a_group(site: FormSite, browser: Browser, react: bytes) -> None:
    site.pages["/react.html"], site.pages["/react.js"] = (
        REACT_PAGE.encode(),
        react.replace(b'"API"', f'"{site.api}"'.encode()),
    )
    with opened(browser, f"{site.url}/react.html") as page:
        fill(page)
        page.locator("form").evaluate(
            "form => ['受発注管理', '在庫管理', '経費精算'].forEach(value => form.append(Object.assign(document."
            "createElement('input'), { type: 'checkbox', name: 'interest', value, checked: value[0] !== '在' })))"
        )
        submit(page)
        says(page, "送信しました。")
    (stored,) = site.stored()
    assert stored["answers"]["interest"] == ["受発注管理", "経費精算"]


def test_entries_that_are_too_long_are_called_that(site: FormSite, browser: Browser) -> None:
    _change(site, "<p role=", '<textarea name="message" aria-label="message"></textarea><p role=')
    with opened(browser, f"{site.url}/form.html") as page:
        fill(page)
        page.get_by_label("message").fill("長" * 30_000)
        submit(page)
        says(page, "入力が長すぎるため送信できません。")
        assert page.get_by_label("メールアドレス").input_value() == "taro@example.jp"
    assert site.stored() == []


@pytest.fixture
def nextjs(site: FormSite, tmp_path: Path) -> Iterator[str]:
    """A website with the route of the Next.js example, on Node: `/api/lead`. At `/other/lead` its API is `?api=`."""
    node = shutil.which("node") or pytest.skip("LEFT OUT: no Node")
    shutil.copy(EXAMPLES / "nextjs" / "route.js", tmp_path / "route.mjs")
    for name in ("form.html", "sodate-form.js"):
        (tmp_path / name).write_bytes(site.pages[f"/{name}"])
    page = site.pages["/form.html"].decode().replace(f"{site.api}/forms/request-materials/submissions", "/api/lead")
    (tmp_path / "form.html").write_text(page)
    (tmp_path / "server.mjs").write_text(NEXTJS_SERVER)
    server = subprocess.Popen(
        [node, "server.mjs"], cwd=tmp_path, env={"SODATE_API": site.api}, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
    server.terminate()
    server.wait()


def _post(url: str, body: bytes) -> tuple[int, Any]:
    return _asked(Request(url, body, {"content-type": "application/json"}))


def _asked(request: Request | str) -> tuple[int, Any]:
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except HTTPError as answer:
        return answer.code, json.load(answer)


def test_the_nextjs_example_serves_the_helper_as_the_api_does(site: FormSite, browser: Browser, nextjs: str) -> None:
    """Autofill and Enter at once, a lost answer and a wrong entry."""
    site.faults = [UNANSWERED]
    with opened(browser, f"{nextjs}/form.html") as page:
        fill(page, phone="123")
        page.get_by_label("電話番号").press("Enter")
        says(page, "入力内容をご確認ください。")
        assert described(page, "phone") == "電話番号の形式をご確認ください。"
        page.get_by_label("電話番号").fill("")
        submit(page)
        says(page, "送信しました。")
    assert (len(site.stored()), site.quarantined()) == (1, [])
    assert {post["_token"] for post in site.posts} == set(site.tokens)


def test_the_nextjs_example_answers_the_truth_whatever_the_api_answers(site: FormSite, nextjs: str) -> None:
    html = b"<html>gateway"
    site.publish(**PATIENT)
    body = {"email": "next@example.jp", "name": "次郎", "company": "例示", "title": "部長", "_submission_id": "1" * 32}
    good, cases = json.dumps(body).encode(), []
    for faults, sent in [
        ([UNANSWERED], good), ([], json.dumps({**body, "email": "x"}).encode()), ([], b"no json"),
        ([site.answers(413, html)], good), ([site.answers(413, b'{"message":"Too large"}')], good),
        ([site.answers(403, html)], good), ([site.answers(200, html)] * 2, good),
        ([LOST, LOST], good), ([THROTTLED] * 2, good),
    ]:  # fmt: skip
        site.faults = [*faults]
        status, answer = _post(f"{nextjs}/api/lead", sent)
        cases.append((status, answer.get("status") or answer["error"]["code"]))
    assert cases == [
        (200, "accepted"), (422, "invalid_fields"), (400, "bad_json"), (413, "too_large_body"), (413, "too_large_body"),
        (403, "bad_request"), (503, "busy"), (503, "busy"), (503, "busy"),
    ]  # fmt: skip
    assert len(site.stored()) == 1


def test_the_nextjs_example_hands_out_the_token_and_the_wait_or_says_why_not(site: FormSite, nextjs: str) -> None:
    site.publish(bots={"minimum_seconds": 5})
    assert _asked(f"{nextjs}/api/lead") == (200, {"_token": site.tokens[-1], "minimum_seconds": 5})
    status, answer = _asked(f"{nextjs}/other/lead?api={site.api}/nowhere")
    assert (status, answer["error"]["code"]) == (404, "not_found")
    for api in (site.url, "http://127.0.0.1:9"):
        assert _asked(f"{nextjs}/other/lead?api={api}") == (503, {"error": {"code": "busy"}})


def test_every_curl_command_of_the_page_does_what_it_says(site: FormSite) -> None:
    curl = shutil.which("curl") or pytest.skip("LEFT OUT: no curl")
    text = (ROOT / "docs" / "forms.md").read_text()
    blocks = re.findall(r"```sh\n(curl .*?)```\n\n?```text\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 3
    for command, promised in blocks:
        script = command.replace("curl ", f"{curl} ").replace("$API", site.api)
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        for line in promised.split("…"):
            assert line.strip() in done.stdout, (command, done.stdout)


def _change(site: FormSite, old: str, new: str) -> None:
    page = site.pages["/form.html"]
    assert page.count(old.encode()) == 1
    site.pages["/form.html"] = page.replace(old.encode(), new.encode())


def _without_patience(page: Page) -> None:
    """Waits of a second and more pass at once; the form must believe so fast a person (`PATIENT`)."""
    page.evaluate(
        "() => { const real = setTimeout;"
        " window.setTimeout = (f, ms, ...r) => real(f, ms > 15000 ? ms : ms > 900 ? 400 : ms, ...r); }"
    )


def test_the_helper_is_small() -> None:
    import gzip

    assert len(gzip.compress((EXAMPLES / "sodate-form.js").read_bytes(), 9)) <= 5_400
