"""A company that is not the sample, from `playbook init` to the answer of sales, without a single `--set`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sodate_cli.local.folder import repository

from tests.e2e.conftest import Cloud, http

pytestmark = pytest.mark.e2e
LEAD = "hanako@aoki-works.example.jp"
SALES = "yamada@kaze.example.co.jp"


@pytest.fixture(scope="module")
def own_cloud(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The cloud with the playbook of another company; the sample is live again afterwards."""
    folder = str(tmp_path_factory.mktemp("company") / "playbook")
    made = cloud.sodate(
        "playbook", "init", folder, "--company", "風デザイン株式会社", "--from", "letter@post.kaze.example.co.jp",
        "--reply-to", "hello@kaze.example.co.jp", "--postal-address", "〒530-0001 大阪府大阪市北区梅田1-1-1",
        "--website", "https://www.kaze.example.co.jp", "--topic", "letter=風だより", "--sales", f"山田 太郎 <{SALES}>",
        "--color", "#7a2e8e",
    )  # fmt: skip
    assert made["ok"]
    cloud.sodate("playbook", "apply", folder, "--yes")
    yield cloud
    cloud.sodate("playbook", "apply", str(Path(repository()) / "playbooks" / "b2b-ja"), "--yes")


def test_an_own_company_mails_scores_and_hands_over_without_a_setting(own_cloud: Cloud) -> None:
    cloud = own_cloud
    answers = {"name": "青木花子", "company": "青木製作所", "title": "経営者・役員", "employees": "300+"}
    assert cloud.post({"email": LEAD, **answers, "agree": True}).status == 201
    assert cloud.post({"email": LEAD, **answers, "title": "社長"}).status == 422, "no choice of this form"
    cloud.advance("1m")
    cloud.sodate("local", "mail", "confirm", "--to", LEAD)
    cloud.advance("21d")
    mails = cloud.mails(LEAD)

    assert {mail["from"] for mail in mails} == {"風デザイン株式会社 <letter@post.kaze.example.co.jp>"}
    assert [mail["tags"].get("step") for mail in mails[1:]] == ["thanks", "cases", "consult"]
    text = cloud.player.mail(mails[1])["text"]
    assert "大阪府大阪市北区梅田1-1-1" in text
    assert "青木花子 様" in text

    cloud.sodate("local", "mail", "click", "--id", mails[-1]["id"], "--link", "/contact")
    cloud.advance("2m")
    lead = cloud.sodate("lead", "show", LEAD)
    assert lead["hot"] is True
    notification = next(mail for mail in reversed(cloud.mails(SALES)) if mail["tags"].get("name") == "handoff")
    assert "青木花子" in json.dumps(cloud.player.mail(notification), ensure_ascii=False)

    link = cloud.link(notification, "/sales/feedback/")
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert http.request("POST", link, body=b"answer=accepted", headers=form).status == 200
    cloud.advance("1m")
    timeline = json.dumps(cloud.sodate("lead", "timeline", LEAD))
    assert "sales_accepted" in timeline
