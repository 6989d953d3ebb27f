"""The hostile inputs that concern forms: each has one exact answer, none a 5xx.

The numbers are those of the field's list of 64 hostile inputs, so that a gap in them shows.
"""

import base64
import json
import time
from datetime import timedelta
from statistics import quantiles
from typing import Any

import pytest

from tests.support.world import World

GOOD: dict[str, Any] = {"email": "taro@example.jp", "name": "山田太郎", "company": "例示株式会社", "title": "部長"}
JSON = {"content-type": "application/json"}
URLENCODED = {"content-type": "application/x-www-form-urlencoded"}
MULTIPART = {"content-type": "multipart/form-data; boundary=XX"}


def good(**more: Any) -> str:
    return json.dumps({**GOOD, **more}, ensure_ascii=False)


def address(text: str) -> str:
    return good(email=text)


def nested(depth: int) -> str:
    return '{"email":' + "[" * depth + "]" * depth + "}"


def part(name: str, value: str, more: str = "") -> str:
    return f'--XX\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'


CASES: list[tuple[str, str | None, dict[str, str], bool, int, str | None]] = [
    ("1 empty body", "", JSON, False, 400, "bad_json"),
    ("1 no body", None, JSON, False, 400, "bad_json"),
    ("2 null", "null", JSON, False, 400, "object_required"),
    ("2 string", '"x"', JSON, False, 400, "object_required"),
    ("2 list", "[]", JSON, False, 400, "object_required"),
    ("2 number", "1", JSON, False, 400, "object_required"),
    ("3 trailing garbage", "{} x", JSON, False, 400, "bad_json"),
    ("4 duplicate keys", '{"email":"a@x.jp","email":"b@x.jp"}', JSON, False, 400, "bad_json"),
    ("5 NaN", '{"email":NaN}', JSON, False, 400, "bad_json"),
    ("5 Infinity", '{"email":Infinity}', JSON, False, 400, "bad_json"),
    ("5 1e999", '{"email":1e999}', JSON, False, 400, "bad_json"),
    ("6 5,000-digit integer", '{"email":' + "9" * 5000 + "}", JSON, False, 400, "bad_json"),
    ("7 deeply nested arrays", nested(30_000), JSON, False, 400, "bad_json"),
    ("8 depth 33", nested(33), JSON, False, 422, "too_complex"),
    ("8 1,000 keys", json.dumps({f"k{n}": 1 for n in range(1000)}), JSON, False, 422, "too_complex"),
    ("8 10,000 items", json.dumps({"interest": [1] * 10_000}), JSON, False, 422, "too_complex"),
    ("9 lone surrogate", '{"email":"a@x.jp","name":"\\ud800"}', JSON, False, 400, "bad_json"),
    ("10 NUL", good(name="a\x00b"), JSON, False, 422, "invalid_fields"),
    ("11 raw control character", '{"email":"a@x.jp","name":"a\x01b"}', JSON, False, 400, "bad_json"),
    ("12 UTF-8 BOM", "\ufeff" + good(), JSON, False, 201, None),
    ("13 Shift_JIS bytes", base64.b64encode("山田".encode("shift_jis")).decode(), JSON, True, 400, "charset"),
    ("13 UTF-16 bytes", base64.b64encode(good().encode("utf-16")).decode(), JSON, True, 400, "charset"),
    ("13 other charset", good(), {"content-type": "application/json; charset=euc-jp"}, False, 400, "charset"),
    ("14 invalid UTF-8", "email=a%40x.jp&name=%FF", URLENCODED, False, 400, "bad_form"),
    ("15 1 MB", "x" * 1_000_000, JSON, False, 413, "too_large"),
    ("15 1 MB in base64", "x" * 1_000_000, JSON, True, 413, "too_large"),
    ("17 no content type", good(), {}, False, 415, "content_type"),
    ("17 text/plain", good(), {"content-type": "text/plain"}, False, 415, "content_type"),
    ("17 xml", "<a/>", {"content-type": "application/xml"}, False, 415, "content_type"),
    ("18 JSON as a form", good(), URLENCODED, False, 400, "bad_form"),
    ("18 form as JSON", "email=a%40x.jp", JSON, False, 400, "bad_json"),
    ("19 file", part("email", "a@x.jp", '; filename="a.txt"') + "--XX--\r\n", MULTIPART, False, 422, "files_not_taken"),
    ("20 bad boundary", part("email", "a@x.jp"), {"content-type": "multipart/form-data; boundary=YY"}, False, 400,
     "bad_multipart"),
    ("20 no boundary", part("email", "a@x.jp"), {"content-type": "multipart/form-data"}, False, 400, "bad_multipart"),
    ("20 cut off", part("email", "a@x.jp"), MULTIPART, False, 400, "bad_multipart"),
    ("21 base64", base64.b64encode(good().encode()).decode(), JSON, True, 201, None),
    ("22 bad base64", "%%%", JSON, True, 400, "bad_encoding"),
    ("23 base64 text without the flag", base64.b64encode(good().encode()).decode(), JSON, False, 400, "bad_json"),
    ("24 gzip", good(), {**JSON, "content-encoding": "gzip"}, False, 415, "content_encoding"),
    *[
        (f"25 key {key!r}", good(**{key: "x"}), JSON, False, 422, "invalid_fields")
        for key in ("__proto__", "pk", "sk", "$where", "")
    ],
    ("26 long field", good(message="あ" * 15_000), JSON, False, 422, "invalid_fields"),
    ("26 300 KB field", good(message="a" * 300_000), JSON, False, 413, "too_large"),
    ("28 bool for string", good(name=True), JSON, False, 422, "invalid_fields"),
    ("28 list for string", good(name=["a"]), JSON, False, 422, "invalid_fields"),
    ("28 object for string", good(name={"a": 1}), JSON, False, 422, "invalid_fields"),
    ("29 honeypot", good(_website="http://spam.example"), JSON, False, 200, None),
    ("33 full-width address", address("ＡＢＣ＠ｅｘａｍｐｌｅ．ｃｏｍ"), JSON, False, 201, None),
    ("34 ideographic full stop", address("user@例。jp"), JSON, False, 201, None),
    ("34 full-width domain", address("user@ｅｘ．jp"), JSON, False, 201, None),
    ("35 EAI", address("ユーザー@例.jp"), JSON, False, 202, None),
    ("35 emoji", address("👍@x.jp"), JSON, False, 202, None),
    ("35 circled", address("ⓐ@x.jp"), JSON, False, 202, None),
    ("36 IDN", address("user@例.jp"), JSON, False, 201, None),
    ("37 mixed script", address("user@exаmple.com"), JSON, False, 202, None),
    ("38 docomo", address("a..b@docomo.ne.jp"), JSON, False, 202, None),
    ("38 ezweb", address("a.@ezweb.ne.jp"), JSON, False, 202, None),
    ("39 plus tag", address("User+tag@Example.COM"), JSON, False, 201, None),
    ("40 spaces", address(" \u3000a@x.jp\u00a0"), JSON, False, 201, None),
    ("41 header injection", address("a@x.jp\r\nBcc: z@z"), JSON, False, 422, "invalid_fields"),
    ("42 two addresses", address("a@x.jp,b@x.jp"), JSON, False, 422, "invalid_fields"),
    ("42 display name", address("Name <a@x.jp>"), JSON, False, 422, "invalid_fields"),
    ("43 no dot", address("a@b"), JSON, False, 422, "invalid_fields"),
    ("43 localhost", address("a@localhost"), JSON, False, 422, "invalid_fields"),
    ("43 IP", address("a@[127.0.0.1]"), JSON, False, 422, "invalid_fields"),
    ("44 65-character local part", address("a" * 65 + "@x.jp"), JSON, False, 422, "invalid_fields"),
    ("45 64-character label", address("a@" + "b" * 64 + ".jp"), JSON, False, 422, "invalid_fields"),
    ("45 too long", address("a@" + ".".join(["b" * 60] * 5) + ".jp"), JSON, False, 422, "invalid_fields"),
    *[
        (f"46 U+{ord(c):04X}", address(f"a{c}@x.jp"), JSON, False, 422, "invalid_fields")
        for c in ("\u200b", "\u202e", "\u00ad")
    ],
    *[(f"47 {text}", address(text), JSON, False, 201, None) for text in ("o'brien@x.jp", "a%b@x.jp", "=cmd@x.jp")],
    ("48 special use", address("test@x.invalid"), JSON, False, 202, None),
    ("50 half-width kana", good(name_kana="ﾔﾏﾀﾞ ﾀﾛｳ"), JSON, False, 201, None),
    ("52 ligatures", good(company="①㈱㌔ ﬁ"), JSON, False, 201, None),
    ("53 rare characters", good(name="𠮷野家 葛\U000e0100 👨‍👩‍👧"), JSON, False, 201, None),
    ("54 right-to-left", good(name="\u202eabc"), JSON, False, 201, None),
    ("55 U+2028 and U+0085", good(name="a\u2028b\u0085c"), JSON, False, 201, None),
    ("56 dashes", good(phone="０３ー１２３４〜５６７８"), JSON, False, 201, None),
    ("57 full-width phone", good(phone="０９０－１２３４－５６７８"), JSON, False, 201, None),
    ("58 template text", good(name="{{7*7}} ${7*7} {% raw %}"), JSON, False, 201, None),
    ("59 markup", good(name="<svg onload=alert(1)>"), JSON, False, 201, None),
    *[(f"60 {text!r}", good(name=text), JSON, False, 201, None) for text in ("=HYPERLINK(1)", "＝1+1", "\t=1")],
    ("62 foreign origin", good(), {**JSON, "origin": "https://evil.example"}, False, 403, "origin"),
    ("62 null origin", good(), {**JSON, "origin": "null"}, False, 403, "origin"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "headers", "is_base64", "status", "code"), [c[1:] for c in CASES],
                         ids=[c[0] for c in CASES])  # fmt: skip
def test_hostile_input_has_its_exact_answer(
    world: World, body: str | None, headers: dict[str, str], is_base64: bool, status: int, code: str | None
) -> None:
    answer = world.raw_post(body, "request-materials", headers, is_base64)
    assert answer["statusCode"] == status, answer
    content = json.loads(answer["body"])
    if code is not None:
        assert content["error"]["code"] == code
        assert content["error"]["message"]
        assert not world.items("submission"), "a refused post leaves nothing behind"
    else:
        assert content["status"] == "accepted"
        assert len(world.items("submission")) == 1


@pytest.mark.parametrize("value", ["令和7年2月29日", "9999-12-31", "-1", "2026-02-29", "tomorrow"])
def test_61_an_impossible_date_is_refused_by_field(world: World, value: str) -> None:
    answer = world.post({**GOOD, "start_date": value, "phone": "0312345678"}, "demo")
    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["error"]["fields"]["start_date"] == ["date"]


def test_16_and_the_gateway_limit_never_reach_us(world: World) -> None:
    answer = world.raw_post("x" * 10_100_000, "request-materials", JSON)
    assert answer["statusCode"] == 413


def test_29_a_post_faster_than_two_seconds_is_quarantined_and_looks_accepted(world: World) -> None:
    show = world.call(
        "form_capture", world.http_event("GET /forms/{form_id}", {"form_id": "request-materials"}, {}, None, False)
    )
    token = json.loads(show["body"])["_token"]
    answer = world.post({**GOOD, "_token": token})
    assert answer["statusCode"] == 200
    assert not world.items("profile"), "a robot makes no lead"
    assert [item["suspicion"] for item in world.items("submission")] == ["too_fast"]
    world.now += timedelta(seconds=5)
    assert world.post({**GOOD, "_token": token, "name": "山田花子"})["statusCode"] == 201


def test_30_a_replayed_submission_id_gets_the_same_answer_and_no_second_lead(world: World) -> None:
    first = world.post({**GOOD, "_submission_id": "0b9c2a34-aaaa-bbbb-cccc-1234567890ab"})
    again = world.post({**GOOD, "_submission_id": "0b9c2a34-aaaa-bbbb-cccc-1234567890ab"})
    assert (first["statusCode"], again["statusCode"]) == (201, 200)
    assert first["body"] == again["body"]
    assert len(world.items("submission")) == len(world.items("profile")) == 1


def test_31_a_submission_id_with_other_answers_is_refused(world: World) -> None:
    world.post({**GOOD, "_submission_id": "0b9c2a34-aaaa"})
    answer = world.post({**GOOD, "name": "別人", "_submission_id": "0b9c2a34-aaaa"})
    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["error"]["fields"] == {"_submission_id": ["used_with_other_answers"]}


def test_49_the_same_address_in_another_case_within_a_second_is_one_lead(world: World) -> None:
    first = world.post({**GOOD, "email": "Taro@Example.JP"})
    second = world.post({**GOOD, "email": "taro@example.jp"})
    assert (first["statusCode"], second["statusCode"]) == (201, 200)
    assert len(world.items("profile")) == 1


def test_27_numbers_survive_as_written_or_are_refused(world: World) -> None:
    assert world.post({**GOOD, "name": 1.5})["statusCode"] == 201
    assert world.post({**GOOD, "name": int("9" * 39), "email": "b@x.jp"})["statusCode"] == 201


def test_57_phone_numbers_are_stored_as_e164(world: World) -> None:
    world.post({**GOOD, "phone": "０９０－１２３４－５６７８"})
    assert world.items("profile")[0]["primary"]["phone"] == "+819012345678"


def test_55_a_line_separator_in_a_name_becomes_a_space(world: World) -> None:
    world.post({**GOOD, "name": "山田\u2028太\u0085郎"})
    assert world.items("profile")[0]["primary"]["name"] == "山田 太 郎"


def test_the_answer_never_tells_whether_the_address_was_known(world: World) -> None:
    known = world.post(GOOD)
    world.now += timedelta(hours=1)
    again = world.post({**GOOD, "name": "山田太朗"})
    assert known["statusCode"] == again["statusCode"] == 201
    assert set(json.loads(known["body"])) == set(json.loads(again["body"]))
    assert known["headers"] == again["headers"]


def test_an_unknown_and_a_closed_form_are_both_404(world: World) -> None:
    assert world.post(GOOD, "no-such-form")["statusCode"] == 404


def handler_times(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[float, float]:
    """p95 in milliseconds of a warm handler, (refused, stored) inputs, without the time of the emulated table."""
    in_table, call = 0.0, world.gateway.client.call

    def timed(operation: str, request: dict[str, Any]) -> Any:
        nonlocal in_table
        began = time.perf_counter()
        try:
            return call(operation, request)
        finally:
            in_table += time.perf_counter() - began

    world.post({**GOOD, "email": "warm@x.jp", "phone": "0312345678"})
    spent: dict[bool, list[float]] = {True: [], False: []}
    with monkeypatch.context() as patch:
        patch.setattr(world.gateway.client, "call", timed)
        for _, body, headers, is_base64, status, _ in CASES:
            in_table, began = 0.0, time.perf_counter()
            world.raw_post(body, "request-materials", headers, is_base64)
            spent[status >= 400].append((time.perf_counter() - began - in_table) * 1000)
    return quantiles(spent[True], n=20)[-1], quantiles(spent[False], n=20)[-1]


def test_handler_time_is_printed(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Printed for people here and by `make bench`, not asserted: absolute times mean little."""
    refused, stored = handler_times(world, monkeypatch)
    with capsys.disabled():
        print(f"\nhostile inputs in process, without the table: p95 {refused:.1f} ms refused, {stored:.1f} ms stored")
    assert refused > 0 < stored
