"""In a real browser (Debian's Chromium, headless): the copy-paste form of docs, the opt-in page, the mailbox."""

import functools
import http.server
import json
import shutil
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from sodate_cli.browser import pictures

from tests.e2e.conftest import Cloud
from tests.e2e.conftest import http as requests

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="LEFT OUT: no Chromium on this machine; apt-get install chromium"),
]


@pytest.fixture
def website(cloud: Cloud, tmp_path: Path) -> Iterator[str]:
    """A web developer's own site with the copy-paste form on it, allowed in the playbook."""
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://localhost:{server.server_port}"
    page = (EXAMPLES / "form.html").read_text().replace("API/", f"{cloud.endpoints['api']}/")
    (tmp_path / "form.html").write_text(page)
    shutil.copy(EXAMPLES / "sodate-form.js", tmp_path)
    cloud.sodate("playbook", "apply", "playbooks/b2b-ja", "--yes", "--set", f"forms.*.origins={json.dumps([origin])}")
    _until_allowed(cloud, origin)
    yield origin
    server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _until_allowed(cloud: Cloud, origin: str) -> None:
    """Functions remember for twenty seconds which version is live."""
    for _ in range(60):
        reply = requests.request("GET", f"{cloud.endpoints['api']}/forms/request-materials", headers={"origin": origin})
        if reply.status == 200:
            return
        time.sleep(0.5)
    raise AssertionError("the new version of the form never became live")


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser.new_page(locale="ja-JP")
        browser.close()


def test_a_person_fills_in_the_form_confirms_and_finds_the_mail_in_the_mailbox(
    cloud: Cloud, website: str, page: Page
) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.goto(f"{website}/form.html?utm_source=browser")
    page.get_by_label("メールアドレス").fill("browser@example.jp")
    page.get_by_label("氏名").fill("渡辺　ブラウザ")
    page.get_by_label("会社名").fill("株式会社ブラウザ")
    page.get_by_label("役職").select_option("部長")
    page.get_by_label("電話番号").fill("０３－１２３４－５６７８")
    page.get_by_label("ご案内メールを受け取る").check()
    page.wait_for_timeout(2500)  # sooner than two seconds after loading is a robot's speed
    page.get_by_role("button", name="送信する").click()
    page.get_by_text("送信しました。").wait_for()
    page.screenshot(path=SHOTS / "form-sent.png")

    cloud.advance("1m")
    (mail,) = cloud.mails("browser@example.jp")
    page.goto(cloud.link(mail, "/opt-in/"))
    assert page.locator("html").get_attribute("lang") == "ja"
    page.screenshot(path=SHOTS / "opt-in.png")
    page.get_by_role("button", name="登録を確定する").click()
    page.get_by_role("heading", name="登録が完了しました").wait_for()
    page.screenshot(path=SHOTS / "opt-in-done.png")
    shown = cloud.sodate("lead", "show", "browser@example.jp")
    assert shown["consent"] == {"product-news": "confirmed"}
    assert shown["primary.phone"] == "+81312345678"
    assert shown["source"]["utm_source"] == "browser"

    page.goto(cloud.endpoints["mailbox"])
    page.get_by_text("browser@example.jp").first.wait_for()
    page.get_by_text("browser@example.jp").first.click()
    frame = page.frame_locator("iframe")
    frame.get_by_text("へのお申し込みありがとうございます").first.wait_for()
    assert frame.get_by_text("渡辺").count() == 0, (
        "an email to an unconfirmed address says nothing that a stranger typed"
    )
    page.screenshot(path=SHOTS / "mailbox.png", full_page=True)


def test_the_same_form_works_with_javascript_off_and_says_what_is_wrong(cloud: Cloud, website: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        page = browser.new_context(java_script_enabled=False, locale="ja-JP").new_page()
        page.goto(f"{website}/form.html")
        page.get_by_label("メールアドレス").fill("nojs@example.jp")
        page.get_by_label("氏名").fill("渡辺")
        page.get_by_label("会社名").fill("会社")
        page.get_by_label("役職").select_option("一般")
        page.get_by_label("電話番号").fill("123")
        page.get_by_role("button", name="送信する").click()
        page.get_by_role("heading", name="入力内容をご確認ください").wait_for()
        assert page.locator("#wrong-phone").get_by_text("電話番号を市外局番から入力してください").is_visible()
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / "form-error.png")
        browser.close()


def test_a_preview_has_pictures_as_wide_as_promised_and_runs_no_script(tmp_path: Path) -> None:
    html = '<p style="height:900px">x</p><script>document.body.innerHTML = ""</script>'
    assert CHROMIUM is not None
    desktop, phone = pictures(CHROMIUM, html, "mail", tmp_path)
    (width, high), (narrow, _) = (struct.unpack(">II", file.read_bytes()[16:24]) for file in (desktop, phone))
    assert (width, narrow) == (1024, 390)
    assert 900 < high < 1000
