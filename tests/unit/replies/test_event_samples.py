"""The samples in events/ses-inbound are read as they say, and look as the simulator builds them."""

import json
from pathlib import Path

import pytest
from sodate.replies.bucket import ReplyBucket
from sodate.replies.inbound_email import read_email
from sodate.replies.judgement import Flag, judge

FOLDER = Path(__file__).parents[3] / "events" / "ses-inbound"
SAMPLES = sorted(FOLDER.glob("*.json"))
BUCKET = "sodate-dev-replies-123456789012-ap-northeast-1"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_each_sample_is_judged_as_it_says(path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    email = read_email("\r\n".join(sample["email"]).encode(), is_cut=False)
    found = judge(email)
    assert found.verdict == sample["verdict"]
    assert email.receipt.recipient.endswith("@reply.example.jp")
    (key,) = ReplyBucket(None, BUCKET).keys_in(sample["notification"])
    assert key.startswith("inbound/")
    assert (Flag.ASKS_TO_STOP in found.flags) == (path.stem == "unsubscribe")
    assert (Flag.UNAUTHENTIC in found.flags) == (path.stem == "forged")


def test_there_is_one_of_each_kind_that_matters() -> None:
    assert {"reply", "out-of-office", "bounce", "unsubscribe", "forged"} <= {path.stem for path in SAMPLES}
