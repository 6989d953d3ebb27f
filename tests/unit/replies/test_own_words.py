"""What the writer wrote is told from what the mail program quoted, in each program's way of quoting."""

from datetime import UTC, datetime

import pytest
from ses_simulator.inbound import as_received
from sodate.replies.inbound_email import InboundEmail, read_email
from sodate.replies.judgement import Flag, judge
from sodate.replies.own_words import own_words

from tests.support.reply_corpus import ENCODINGS, LEAD, ORIGINAL, PROGRAMS, TEXTS, TO, email

AT = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
QUOTING = [name for name in PROGRAMS if name != "no-quote"]


def read(raw: bytes) -> InboundEmail:
    return read_email(as_received(raw, TO, AT, LEAD), is_cut=False)


@pytest.mark.parametrize("program", QUOTING)
@pytest.mark.parametrize("text", TEXTS)
def test_the_quoted_email_is_left_out_and_the_writers_text_is_whole(program: str, text: str) -> None:
    found = read(email(PROGRAMS[program](text))).words
    assert "導入事例をお送りします" not in found.text
    assert "news@example.co.jp" not in found.text
    assert found.text.splitlines()[0] == text.splitlines()[0]
    assert text.splitlines()[-1] in found.text
    assert found.quotes


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("charset", "encoding"), ENCODINGS)
def test_an_opt_out_of_one_word_is_seen_under_any_quotation_and_encoding(
    program: str, charset: str, encoding: str
) -> None:
    for word in ("配信停止", "unsubscribe"):
        found = judge(read(email(PROGRAMS[program](word), charset=charset, encoding=encoding)))
        assert Flag.ASKS_TO_STOP in found.flags, (found, word)


def test_the_word_in_the_quoted_footer_is_no_opt_out() -> None:
    quoted = ORIGINAL + "\n配信停止\n"
    for program in QUOTING:
        text = PROGRAMS[program]("資料をお願いします。").replace(ORIGINAL, quoted)
        flags = judge(read(email(text))).flags
        assert Flag.ASKS_TO_STOP not in flags
        assert Flag.MENTIONS_STOP not in flags, program


@pytest.mark.parametrize(
    "text",
    [
        "配信停止希望",
        "メルマガの配信を停止してください。",
        "STOP",
        "Please remove me from your mailing list.",
        "ＵＮＳＵＢＳＣＲＩＢＥ",
        "例示株式会社 ご担当者様\n\nお世話になっております。\n配信停止をお願いいたします。\n\n山田",
        "今後のメールは不要です。",
        "配信停止していただけますでしょうか",
        "メールを送らないでください",
    ],
)
def test_what_can_only_mean_an_opt_out_is_one(text: str) -> None:
    assert Flag.ASKS_TO_STOP in judge(read(email(text))).flags


@pytest.mark.parametrize(
    "text",
    [
        "配信停止の方法を教えてください",
        "配信停止しないでください",
        "商品の案内は不要ですが、見積もりをください",
        "停止線の資料をください",
        "stop by our booth",
        "unsubscribe rates of our campaign look high",
        "サーバーの停止について",
        "結構良い資料でした",
    ],
)
def test_what_may_mean_something_else_is_read_by_a_person(text: str) -> None:
    assert Flag.ASKS_TO_STOP not in judge(read(email(text))).flags


def test_an_empty_email_with_the_word_as_its_subject_is_an_opt_out() -> None:
    assert Flag.ASKS_TO_STOP in judge(read(email("", subject="配信停止"))).flags
    assert Flag.ASKS_TO_STOP not in judge(read(email("", subject="Re: 配信停止"))).flags


def test_a_line_that_only_looks_like_the_beginning_of_a_quotation_is_kept() -> None:
    text = "From: の意味を教えてください\n________________________________\nもう一行\n以上です"
    assert "もう一行" not in own_words(text).text or "From:" in own_words(text).text
    assert own_words("12/10 14:00 でお願いします").text == "12/10 14:00 でお願いします"
    assert own_words("2026年12月10日(木) 14:00でお願いします。").text == "2026年12月10日(木) 14:00でお願いします。"
