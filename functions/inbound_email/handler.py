"""SES → reply bucket → queue: matches each email that came in to its send, judges and records it."""

from typing import Any

from sodate.email.mailing import Mailing
from sodate.errors import NotFound
from sodate.playbook.store import parsed
from sodate.replies.bucket import ReplyBucket
from sodate.replies.match import Matcher
from sodate.replies.receive import ReceiveEmail
from sodate.reply_address import ReplyAddresses
from sodate.runtime.app import App, on_lambda
from sodate.runtime.batch import Failures, each_message
from sodate.runtime.metrics import Metric
from sodate.sales.definition import Sales


def handle(app: App, event: dict[str, Any]) -> Failures:
    addresses = ReplyAddresses(app.settings.required_reply_domain, app.secrets.signer())
    receiver = ReceiveEmail(
        bucket=ReplyBucket(app.aws.client("s3"), app.settings.reply_bucket),
        matcher=Matcher(addresses, app.secrets.key_of_address),
        mailing=parsed(app.definitions.live("mailing"), Mailing),
        owners=lambda: owners(app),
        now=app.clock.now(),
    )
    listed = 0

    def act(body: str) -> dict[str, int]:
        nonlocal listed
        outcomes = receiver.receive(body)
        listed += outcomes.get("unmatched", 0)
        return outcomes

    failures = each_message(app, event, act)
    app.metrics.count(Metric.REPLIES_UNMATCHED, listed)
    return failures


def owners(app: App) -> list[str]:
    try:
        return [owner.id for owner in parsed(app.definitions.live("sales"), Sales).owners]
    except NotFound:  # a playbook without sales
        return []


handler = on_lambda(handle)
