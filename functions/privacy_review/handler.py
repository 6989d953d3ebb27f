"""Every hour: erases leads that asked for it and whose cooling period is over; gives old data its end, in rounds."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache, partial
from typing import Any

from sodate.email.mailing import Mailing
from sodate.errors import NotFound, Transient
from sodate.playbook.store import parsed
from sodate.privacy.carry_out import BECAUSE, carry_out, erase_by_itself, erase_inactive
from sodate.privacy.erasure import Erased
from sodate.privacy.review import continue_review
from sodate.runtime.app import App, on_lambda
from sodate.runtime.eraser import eraser_of
from sodate.runtime.metrics import Metric

#: The timeout is 900 s; one erasure that reads many files may need the rest.
_ERASE_WITHIN, _REVIEW_WITHIN, _INACTIVE_WITHIN = timedelta(seconds=240), timedelta(seconds=420), timedelta(seconds=600)
_BY = "privacy_review"
#: Inactive leads that one run erases; the review goes on behind them an hour later.
MOST_INACTIVE = 10


def handle(app: App, _: dict[str, Any]) -> dict[str, Any]:
    began = app.clock.now()
    try:
        mailing = parsed(app.definitions.live("mailing"), Mailing)
    except NotFound:
        return {}  # no playbook yet
    work = cache(partial(eraser_of, app, mailing.retention, began))

    def within(span: timedelta) -> Callable[[], bool]:
        return lambda: app.clock.now() < began + span

    def erase(lead_id: str, because: str) -> Erased:
        return erase_by_itself(work(), lead_id, because, _BY)

    done = carry_out(mailing.privacy, lambda lead_id: erase(lead_id, BECAUSE), began, within(_ERASE_WITHIN))
    most = MOST_INACTIVE if mailing.privacy.inactive == "erase" else None
    app.metrics.count(Metric.PRIVACY_REQUESTS_WAITING, done.waiting)
    review = continue_review(mailing.privacy, began, within(_REVIEW_WITHIN), most_inactive=most)
    inactive = review.inactive if most else []
    ended = erase_inactive(
        inactive, mailing.privacy, lambda one: erase(one, "inactive"), began, within(_INACTIVE_WITHIN)
    )
    app.metrics.count(Metric.PRIVACY_REQUESTS_WAITING, ended.waiting)
    waiting = done.waiting + ended.waiting
    figures = {"erased": done.erased, "later": done.later, "waiting": waiting, "stopped": done.is_stopped}
    figures |= {"leads": review.leads, "ended": review.ended, "inactive": len(review.inactive)}
    figures |= {"inactive_erased": ended.erased, "left": done.left, "failed": done.failed + ended.failed}
    app.log.info("privacy reviewed", extra=figures)
    if figures["failed"]:
        raise Transient(f"{figures['failed']} erasures failed; the next run tries them again")
    return figures


handler = on_lambda(handle)
