"""Confirming and leaving earn no score, and the links that do it never reach the log or sales."""

from datetime import timedelta

from tests.functions.quick import QuickWorld


def test_opening_and_clicking_the_opt_in_mail_is_delivery_not_interest(world: QuickWorld) -> None:
    lead = world.join("taro@example.jp")
    (opt_in,) = world.mails_to("taro@example.jp")
    before = world.score(lead)["totals"]
    world.ses.simulator.open(opt_in.message_id)
    world.ses.simulator.click(opt_in.message_id, world.link(opt_in, "/opt-in/"))
    world.settle()
    assert world.score(lead)["totals"] == before
    assert {item["type"] for item in world.items("activity")} == {"form_submitted", "opt_in_confirmed"}


def test_clicking_the_unsubscribe_link_is_no_click_and_its_token_is_kept_nowhere(world: QuickWorld) -> None:
    world.join("taro@example.jp")
    world.advance(timedelta(days=1))
    mail = world.mails_to("taro@example.jp")[-1]
    link = world.link(mail, "/unsubscribe/")
    world.ses.simulator.click(mail.message_id, link)
    world.settle()
    assert "mail_clicked" not in {item["type"] for item in world.items("activity")}
    assert link.rsplit("/", 1)[-1] not in repr(world.items())


def test_consent_evidence_names_the_page_without_its_query(world: QuickWorld) -> None:
    page = "https://www.example.jp/form?mail=taro@example.jp#top"
    world.post({"email": "taro@example.jp", "name": "n", "company": "c", "title": "部長", "agree": True,
                "_page_url": page})  # fmt: skip
    (evidence,) = world.items("consent")
    assert evidence["page_url"] == "https://www.example.jp/form"
