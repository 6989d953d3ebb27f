"""Every hour: erases leads that asked for it and whose cooling period is over; gives old data its end, in rounds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sodate.email.mailing import Mailing
from sodate.playbook.store import parsed
from sodate.privacy.carry_out import BECAUSE, carry_out
from sodate.privacy.erase import Eraser
from sodate.privacy.erasure import Erased
from sodate.privacy.files import ImportFiles
from sodate.privacy.ledger import ErasureLedger
from sodate.privacy.letters import DeadLetters
from sodate.privacy.review import continue_review
from sodate.replies.bucket import ReplyBucket
from sodate.runtime.app import App, on_lambda
from sodate.runtime.metrics import Metric

#: The timeout is 900 s; one erasure that reads many files may need the rest.
_ERASE_WITHIN, _REVIEW_WITHIN = timedelta(seconds=240), timedelta(seconds=420)
_BY = "privacy_review"
#: Inactive leads that one run erases.
MOST_INACTIVE = 10


def handle(app: App, _: dict[str, Any]) -> dict[str, Any]:
    mailing, began = parsed(app.definitions.live("mailing"), Mailing), app.clock.now()
    work = eraser(app, mailing.retention, began)

    def within(span: timedelta) -> Callable[[], bool]:
        return lambda: app.clock.now() < began + span

    def erase(lead_id: str, because: str) -> Erased:
        return work.erase(lead_id, "", because, _BY)

    done = carry_out(mailing.privacy, lambda lead_id: erase(lead_id, BECAUSE), began, within(_ERASE_WITHIN))
    review = continue_review(mailing.privacy, began, within(_REVIEW_WITHIN))
    chosen = review.inactive[:MOST_INACTIVE] if mailing.privacy.inactive == "erase" else []
    inactive = sum(erase(one, "inactive").is_complete for one in chosen if within(_REVIEW_WITHIN)())
    app.metrics.count(Metric.PRIVACY_REQUESTS_WAITING, done.waiting)
    figures = {"erased": done.erased, "later": done.later, "waiting": done.waiting, "stopped": done.is_stopped}
    figures |= {"leads": review.leads, "ended": review.ended, "inactive": len(review.inactive)}
    app.log.info("privacy reviewed", extra={**figures, "inactive_erased": inactive, "left": done.left})
    return {**figures, "inactive_erased": inactive, "left": done.left}


def eraser(app: App, retention: timedelta, now: datetime) -> Eraser:
    s3, settings = app.aws.client("s3"), app.settings
    replies = settings.environment.get("SODATE_REPLY_BUCKET")
    return Eraser(
        app.definitions, app.secrets.address_secret(), ErasureLedger(s3, settings.erasure_ledger),
        ImportFiles(s3, settings.import_bucket), DeadLetters(app.aws.client("sqs"), settings.dead_letter_queues),
        retention, now, ReplyBucket(s3, replies) if replies else None,
    )  # fmt: skip


handler = on_lambda(handle)
