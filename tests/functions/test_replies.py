"""Replies through the real functions: Reply-To of an email, an answer to it, activity, mark, forward, opt-out, exit."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ses_simulator.errors import Fault
from ses_simulator.inbound import Answer, Findings, raw_answer
from sodate.conditions.language import ActivityTest
from sodate.dynamodb import table
from sodate.email.reputation import rate_limiter
from sodate.leads.store import state_key
from sodate.playbook.store import ONLY
from sodate.replies.bucket import ReplyBucket
from sodate.replies.store import LISTED_PER_DAY, RECORDED_PER_DAY, listed, replies_of
from sodate.reply_address import ReplyAddresses

from tests.functions.quick import QuickWorld
from tests.functions.test_scenarios import only_scenarios, publish
from tests.support.answering import BUCKET, DOMAIN, Replies
from tests.support.crashes import crash_points
from tests.support.privacy import eraser_of, key_of_address, make_buckets

TARO, OTHER = "taro@example.jp", "hanako@example.jp"
Json = dict[str, Any]


@pytest.fixture
def replies(world: QuickWorld) -> Iterator[Replies]:
    yield Replies(world)


def step_mail(replies: Replies, email: str = TARO) -> Any:
    replies.world.join(email)
    replies.world.advance(timedelta(days=2))
    return marketing(replies, email)[0]


def marketing(replies: Replies, email: str = TARO) -> list[Any]:
    return [m for m in replies.world.mails_to(email) if m.tags.get("purpose") == "marketing"]


def activities(replies: Replies, type_: str) -> list[Json]:
    return [item for item in replies.world.items("activity") if item["type"] == type_]


def forwards(replies: Replies) -> list[Any]:
    return [m for m in replies.world.ses.simulator.messages if m.tags.get("name") == "reply_forward"]


def send_of(replies: Replies, mail: Any) -> Json:
    (send,) = [item for item in replies.world.items("send") if item["sk"].endswith(mail.tags["send_id"])]
    return send


def set_replies(replies: Replies, **keys: Any) -> None:
    definitions = replies.world.app.definitions
    body = dict(definitions.live("mailing").body)
    definitions.publish("mailing", ONLY, {**body, "replies": {**body["replies"], **keys}}, replies.world.now)
    replies.world.new_process()


# -- the address ----------------------------------------------------------------------------------------------------


def test_each_marketing_email_has_its_own_reply_address_and_still_one_unsubscribe_link(replies: Replies) -> None:
    replies.world.join(TARO)
    replies.world.join(OTHER)
    replies.world.advance(timedelta(days=8))
    sent = [*marketing(replies), *marketing(replies, OTHER)]
    assert len(sent) >= 4
    assert len({m.reply_to[0] for m in sent}) == len(sent)
    for mail in sent:
        assert len(mail.reply_to[0].partition("@")[0]) <= 64
        assert mail.unsubscribe_url
        assert mail.header("Reply-To") is None, "SES refuses it among the headers"


def test_without_a_reply_domain_the_senders_own_reply_address_stays(world: QuickWorld) -> None:
    world.join(TARO)
    world.advance(timedelta(days=2))
    mail = next(m for m in world.mails_to(TARO) if m.tags.get("purpose") == "marketing")
    assert not any(DOMAIN in address for address in mail.reply_to)


# -- a reply --------------------------------------------------------------------------------------------------------


def test_a_reply_is_an_activity_of_its_send_and_goes_to_the_owner(replies: Replies) -> None:
    mail = step_mail(replies)
    replies.answer(mail, "資料を見ました。来週お話を伺えますか。")
    (activity,) = activities(replies, "email_replied")
    send = send_of(replies, mail)
    assert activity["about"] == {
        "send": mail.tags["send_id"], "template": send["template"], "sequence": send["sequence"], "match": "token"
    }  # fmt: skip
    assert send["replied_at"] == activity["at"]
    (forward,) = forwards(replies)
    assert "来週お話を伺えますか" in forward.text
    assert "> " not in forward.text, "the quoted email is left out"
    assert forward.reply_to == (TARO,)
    assert forward.subject.startswith("[返信] 例示株式会社 山田太郎: Re: ")
    assert (forward.header("Auto-Submitted"), forward.header("X-Auto-Response-Suppress")) == ("auto-generated", "All")


def test_the_text_of_a_reply_is_stored_nowhere_but_in_the_bucket(replies: Replies) -> None:
    mail = step_mail(replies)
    replies.answer(mail, "カナリア文字列でございます。")
    assert "カナリア" not in json.dumps(replies.world.items(), ensure_ascii=False, default=str)
    assert len(replies.stored) == 1


def test_where_the_playbook_asks_for_it_the_text_is_stored_with_an_end(replies: Replies) -> None:
    set_replies(replies, store_body=True, retention_days=10)
    mail = step_mail(replies)
    replies.answer(mail, "お返事です。")
    (reply,) = replies_of(replies.world.lead_id(TARO))
    (item,) = replies.world.items("replytext")
    assert (item["text"], item["pk"], item["sk"].endswith(reply.key)) == ("お返事です。", reply.pk, True)
    assert int(item["ttl"]) == int((replies.world.now + timedelta(days=10)).timestamp())


def test_a_redelivered_notification_and_a_copy_of_the_email_change_nothing(replies: Replies) -> None:
    mail = step_mail(replies)
    raw = raw_answer(mail, Answer("はい、お願いします。"), replies.world.now)
    key = replies.arrive(raw, mail.reply_to[0], TARO)
    before = replies.world.items()
    replies.notify(key)
    replies.world.now += timedelta(minutes=9)
    copy = replies.arrive(raw, mail.reply_to[0], TARO)
    assert [i for i in replies.world.items() if i["kind"] not in ("due", "cursor")] == [
        i for i in before if i["kind"] not in ("due", "cursor")
    ]
    assert len(forwards(replies)) == 1
    assert copy not in replies.stored, "the first one serves the forward"


def test_the_first_reply_marks_the_send_in_any_order(replies: Replies) -> None:
    mail = step_mail(replies)
    early, late = (raw_answer(mail, Answer(text), replies.world.now) for text in ("一通目です", "二通目です"))
    replies.store("inbound/early", early, mail.reply_to[0], TARO)
    first = replies.world.now
    replies.world.now += timedelta(hours=3)
    replies.arrive(late, mail.reply_to[0], TARO)
    replies.notify("inbound/early")
    assert send_of(replies, mail)["replied_at"].startswith(f"{first:%Y-%m-%dT%H:%M}")
    replies.answer(mail, "三通目です")
    assert send_of(replies, mail)["replied_at"].startswith(f"{first:%Y-%m-%dT%H:%M}")
    assert len(activities(replies, "email_replied")) == 3


def test_a_crash_at_any_write_leaves_nothing_that_a_redelivery_does_not_complete(replies: Replies) -> None:
    mail = step_mail(replies)
    crashed = 0
    for point in crash_points(replies.world, at_least=1):
        raw = raw_answer(mail, Answer(f"返信 {point.number}"), replies.world.now)
        key = f"inbound/crash{point.number}"
        replies.store(key, raw, mail.reply_to[0], TARO)
        point.call("inbound_email", replies.event(key))
        replies.notify(key)
        crashed += point.died
    assert len(activities(replies, "email_replied")) == len(forwards(replies)) == crashed + 1


def test_a_bounce_of_the_forward_is_the_owners_and_leaves_the_lead_alone(replies: Replies) -> None:
    mail = step_mail(replies)
    replies.answer(mail, "お願いします。")
    (forward,) = forwards(replies)
    replies.world.ses.simulator.bounce(forward.message_id)
    replies.world.settle()
    assert "blocked" not in replies.world.state(replies.world.lead_id(TARO))
    assert activities(replies, "mail_bounced") == []


def test_the_breaker_opens_when_ses_is_silent_although_each_email_has_a_call_of_its_own(replies: Replies) -> None:
    for number in range(8):
        replies.world.join(f"person{number}@example.jp")
    replies.world.ses.simulator.inject(Fault.TIMEOUT, 1000)
    replies.world.advance(timedelta(days=1))
    unclear = [item for item in replies.world.items("send") if item["state"] == "unknown"]
    assert rate_limiter.load().stopped
    assert len(unclear) <= 5, "one email per call, and few calls before the breaker opens"


# -- who wrote it ---------------------------------------------------------------------------------------------------


def test_a_reply_from_another_address_is_matched_and_flagged_and_the_owner_is_warned(replies: Replies) -> None:
    mail = step_mail(replies)
    replies.answer(mail, "山田の代わりに回答します。", sender="boss@other.example")
    (activity,) = activities(replies, "email_replied")
    assert activity["about"]["flags"] == "other_address"
    (forward,) = forwards(replies)
    assert "boss@other.example" in forward.text
    assert forward.reply_to == ("boss@other.example",)


def test_a_forged_sender_never_gets_the_owners_answer(replies: Replies) -> None:
    mail = step_mail(replies)
    forged = Findings(spf="fail", dkim="fail", dmarc="fail")
    replies.answer(mail, "よろしく", sender="attacker@evil.example", findings=forged)
    (forward,) = forwards(replies)
    assert forward.reply_to == (TARO,)
    assert "認証がありません" in forward.text


def test_without_address_or_ids_only_an_authentic_sender_is_matched_as_the_weaker_match(replies: Replies) -> None:
    mail = step_mail(replies)
    gone = {"In-Reply-To": "", "References": ""}
    replies.answer(mail, "お願いします", to=f"info@{DOMAIN}", headers=gone, findings=Findings(dmarc="fail"))
    assert activities(replies, "email_replied") == []
    assert [item.reason for item in listed(replies.world.now)] == ["unauthentic"]
    replies.answer(mail, "お願いします。", to=f"info@{DOMAIN}", headers=gone)
    (activity,) = activities(replies, "email_replied")
    assert activity["about"]["match"] == "address"


def test_a_stranger_is_listed_for_a_person_with_nothing_personal(replies: Replies) -> None:
    mail = step_mail(replies)
    headers = {"In-Reply-To": "", "References": ""}
    replies.answer(mail, "料金は？", to=f"info@{DOMAIN}", sender="new@stranger.example", headers=headers)
    (item,) = listed(replies.world.now)
    assert (item.verdict, item.reason, item.lead_id) == ("reply", "no_match", None)
    assert "stranger" not in str(replies.world.items("listedreply"))
    assert item.object in replies.stored


def test_a_forged_token_matches_nothing(replies: Replies) -> None:
    mail = step_mail(replies)
    local = mail.reply_to[0].partition("@")[0]
    forged = f"{local[:-1]}{'a' if local[-1] != 'a' else 'i'}@{DOMAIN}"
    headers = {"In-Reply-To": "", "References": ""}
    replies.answer(mail, "はい", to=forged, sender="x@evil.example", headers=headers)
    assert activities(replies, "email_replied") == []


def test_the_reply_of_an_erased_lead_is_deleted_at_once(replies: Replies) -> None:
    mail = step_mail(replies)
    lead = replies.world.lead_id(TARO)
    for key in [key for key in replies.world.table.items if key[0] == f"LEAD#{lead}"]:  # type: ignore[attr-defined]
        del replies.world.table.items[key]  # type: ignore[attr-defined]
    replies.answer(mail, "まだありますか")
    assert replies.stored == []
    assert not [item for item in replies.world.items() if item["pk"] == f"LEAD#{lead}"]


def test_an_erasure_deletes_raw_emails_texts_and_entries_of_the_list(replies: Replies) -> None:
    set_replies(replies, store_body=True)
    mail = step_mail(replies)
    replies.answer(mail, "カナリア文字列です。")
    replies.answer(mail, "配信停止についてお聞きしたいのですが、カナリア。")
    replies.answer(mail, "カナリア", subject="Fwd: ご案内")
    assert len(replies.stored) == 3
    make_buckets()
    lead = replies.world.lead_id(TARO)
    eraser = replace(eraser_of(replies.world), raw_emails=ReplyBucket(replies.s3, BUCKET))
    eraser.erase(lead, key_of_address(TARO), "request", "ops")
    assert replies.stored == []
    assert "カナリア" not in json.dumps(replies.world.items(), ensure_ascii=False, default=str)
    assert not [item for item in replies.world.items() if item["kind"] in ("reply", "replytext", "listedreply")]


# -- machines -------------------------------------------------------------------------------------------------------


def test_an_absence_note_is_an_activity_that_is_no_engagement_and_is_not_forwarded(replies: Replies) -> None:
    mail = step_mail(replies)
    replies.answer(
        mail, "休暇をいただいております。", subject="自動応答: ご案内", headers={"Auto-Submitted": "auto-replied"}
    )
    assert len(activities(replies, "out_of_office")) == 1
    assert activities(replies, "email_replied") == []
    assert forwards(replies) == []
    assert "replied_at" not in send_of(replies, mail)
    assert replies.stored == []


@pytest.mark.parametrize("sender", ["news@example.jp", f"r-x@{DOMAIN}"])
def test_an_email_of_our_own_is_no_reply(replies: Replies, sender: str) -> None:
    mail = step_mail(replies)
    own = mail.sender.rpartition("<")[2].rstrip(">") if sender.startswith("news") else sender
    replies.answer(mail, "loop", sender=own)
    assert activities(replies, "email_replied") == []
    assert forwards(replies) == []


def test_a_loop_of_answers_ends_at_the_ceilings(replies: Replies) -> None:
    mail = step_mail(replies)
    set_replies(replies, forwards_per_day=3)
    for number in range(RECORDED_PER_DAY + 5):
        replies.world.now += timedelta(seconds=1)
        replies.answer(mail, f"{number} 回目の返信です")
    assert len(forwards(replies)) == 3
    assert len(activities(replies, "email_replied")) == RECORDED_PER_DAY


def test_the_list_for_a_person_has_a_ceiling_and_what_is_above_it_is_deleted(
    replies: Replies, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = step_mail(replies)
    assert LISTED_PER_DAY <= 1000
    for number in range(LISTED_PER_DAY + 3):
        headers = {"In-Reply-To": "", "References": ""}
        raw = raw_answer(
            mail, Answer(f"{number}", "s@stranger.example", f"x@{DOMAIN}", headers=headers), replies.world.now
        )
        key = f"inbound/f{number}"
        replies.store(
            key, raw.replace(b"Message-ID: <", f"Message-ID: <{number}.".encode()), f"x@{DOMAIN}", "s@stranger.example"
        )
        replies.notify(key, settle=False)
    assert len(listed(replies.world.now)) == len(replies.stored) == LISTED_PER_DAY


# -- opting out -----------------------------------------------------------------------------------------------------


def test_one_word_opts_out_and_is_no_reply(replies: Replies) -> None:
    mail = step_mail(replies)
    replies.answer(mail, "配信停止")
    lead = replies.world.lead_id(TARO)
    assert replies.world.state(lead)["blocked"] == "unsubscribed"
    (proof,) = [c for c in replies.world.items("consent") if c["action"] == "withdrawn"]
    assert proof["method"] == "reply"
    assert activities(replies, "email_replied") == []
    assert forwards(replies) == []
    count = len(marketing(replies))
    replies.world.advance(timedelta(days=30))
    assert len(marketing(replies)) == count


def test_a_text_that_speaks_of_it_is_forwarded_and_listed_and_opts_nobody_out(replies: Replies) -> None:
    mail = step_mail(replies)
    replies.answer(mail, "先日、配信停止をお願いした者ですが、資料だけ別途いただくことは可能でしょうか。")
    assert "blocked" not in replies.world.state(replies.world.lead_id(TARO))
    (forward,) = forwards(replies)
    assert "配信停止に触れています" in forward.text
    (item,) = listed(replies.world.now)
    assert item.flags == ["mentions_stop"]


def test_a_forged_sender_without_our_address_opts_nobody_out(replies: Replies) -> None:
    mail = step_mail(replies)
    headers = {"In-Reply-To": "", "References": ""}
    replies.answer(mail, "配信停止", to=f"info@{DOMAIN}", headers=headers, findings=Findings(dmarc="fail"))
    assert "blocked" not in replies.world.state(replies.world.lead_id(TARO))


# -- scenarios and conditions ---------------------------------------------------------------------------------------


def test_a_reply_ends_a_scenario_that_says_so_and_an_absence_note_does_not(replies: Replies) -> None:
    only_scenarios(replies.world)
    first, second = "materials-1-first-steps", "materials-2-case-study"
    publish(
        replies.world,
        {"id": "one", "send": first},
        {"id": "rest", "wait": {"days_of_24_hours": 5}},
        {"id": "two", "send": second},
        exits=[{"id": "replied", "on": {"reply": True}}],
    )
    replies.world.join(TARO)
    replies.world.join(OTHER)
    replies.world.advance(timedelta(days=2))
    mine, other = marketing(replies)[0], marketing(replies, OTHER)[0]
    replies.answer(mine, "興味があります。")
    replies.answer(
        other,
        "I am out of the office until Monday.",
        subject="Automatic reply: x",
        headers={"Auto-Submitted": "auto-generated"},
    )
    replies.world.advance(timedelta(days=9))
    assert len(marketing(replies)) == 1
    assert len(marketing(replies, OTHER)) == 2


def test_conditions_may_ask_for_replies() -> None:
    assert ActivityTest.model_validate({"activity": "email_replied"})


# -- email of sales -------------------------------------------------------------------------------------------------


def test_an_email_of_sales_with_the_bcc_address_is_logged_on_each_lead_once(replies: Replies) -> None:
    mail = step_mail(replies)
    replies.world.join(OTHER)
    addresses = ReplyAddresses(DOMAIN, replies.world.app.secrets.signer())
    owner = replies.world.app.definitions.live("sales").body["owners"][0]["id"]
    raw = raw_answer(
        mail,
        Answer("お打ち合わせの件", sender="sales@example.jp", to=f"{TARO}, {OTHER}, x@no.example"),
        replies.world.now,
    )
    for _ in range(2):
        replies.arrive(raw, addresses.of_owner(owner).upper(), "sales@example.jp")
    logged = activities(replies, "email_by_sales")
    assert {item["pk"] for item in logged} == {f"LEAD#{replies.world.lead_id(e)}" for e in (TARO, OTHER)}
    assert len(logged) == 2
    assert {item["about"]["owner"] for item in logged} == {owner}
    assert replies.stored == []
    assert forwards(replies) == []


# -- messages -------------------------------------------------------------------------------------------------------


def test_what_is_no_notification_of_our_bucket_goes_to_the_dead_letters(replies: Replies) -> None:
    for body in ("x", "[]", '{"Records": [{}]}', json.dumps(replies.event("k")["Records"][0]).replace(BUCKET, "other")):
        event = {"Records": [{"messageId": "1", "body": body}]}
        assert replies.world.call("inbound_email", event) == {"batchItemFailures": []}
    assert len(replies.world.dead_letters()) == 4


def test_the_notes_of_ses_and_s3_about_themselves_are_no_email(replies: Replies) -> None:
    replies.s3.put_object(Bucket=BUCKET, Key="inbound/AMAZON_SES_SETUP_NOTIFICATION", Body=b"hello")
    replies.notify("inbound/AMAZON_SES_SETUP_NOTIFICATION")
    test = {"Records": [{"messageId": "1", "body": json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})}]}
    assert replies.world.call("inbound_email", test) == {"batchItemFailures": []}
    replies.notify("inbound/gone")
    assert replies.stored == []
    assert table.get(state_key("x").pk, "STATE") is None
