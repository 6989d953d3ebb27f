"""Every minute: puts due sends on the send queue, at most at SES's rate. An idle tick costs one query per shard."""

from functools import partial
from typing import Any

from sodate.email.delivery.dispatcher import Dispatcher, SendingLimits
from sodate.email.mailing import Mailing
from sodate.email.reputation.account import Account
from sodate.email.reputation.guards import GuardVerdict
from sodate.email.reputation.sending_limits import sending_limits
from sodate.playbook.store import parsed
from sodate.runtime.app import App, on_lambda
from sodate.runtime.metrics import Metric


def limits_of(app: App, account: Account) -> SendingLimits:
    mailing = parsed(app.definitions.live("mailing"), Mailing)
    limits, judgement = sending_limits(mailing, account, app.clock.now())
    if judgement.verdict is not GuardVerdict.OK:
        app.log.warning("sender guard", extra={"verdict": judgement.verdict, "why": judgement.reason})
        app.metrics.count(Metric.SENDER_GUARD, 1)
    return limits


def handle(app: App, _: dict[str, Any]) -> dict[str, int]:
    limits, now = partial(limits_of, app), app.clock.now()
    dispatcher = Dispatcher(app.queues.enqueue, app.ask_ses, limits, app.dispatcher_cache, now)
    ticks = dispatcher.tick()
    handed_over = sum(tick.handed_over for tick in ticks.values())
    if handed_over or dispatcher.why:
        app.log.info("tick", extra={"handed_over": handed_over, "mails": dispatcher.sent, "why": dispatcher.why})
    app.metrics.count(Metric.EMAILS_DISPATCHED, dispatcher.sent)
    app.metrics.count(Metric.CIRCUIT_OPENED, int(dispatcher.breaker_opened))
    app.metrics.count(Metric.SENDING_ON_HOLD, 1 if dispatcher.why else 0)
    if any(tick.is_late for tick in ticks.values()):
        app.metrics.count(Metric.LATE_MINUTES, max(tick.minutes_late for tick in ticks.values()))
    return {"handed_over": handed_over, "mails": dispatcher.sent}


handler = on_lambda(handle)
