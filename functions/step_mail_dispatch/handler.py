"""Every minute: puts due sends on the send queue, at most at SES's rate. An idle tick costs one query per shard."""

from typing import Any

from sodate.email.delivery.dispatcher import Dispatcher, SendingLimits
from sodate.email.mailing import Mailing
from sodate.email.reputation.account import Account
from sodate.email.reputation.guards import GuardVerdict
from sodate.email.reputation.sending_limits import sending_limits
from sodate.playbook.store import parsed
from sodate.runtime import clock, container
from sodate.runtime.logs import logger
from sodate.runtime.metrics import Metric, count


def limits_of(account: Account) -> SendingLimits:
    mailing = parsed(container.definitions().live("mailing"), Mailing)
    limits, judgement = sending_limits(mailing, account, clock.now())
    if judgement.verdict is not GuardVerdict.OK:
        logger().warning("sender guard", extra={"verdict": judgement.verdict, "why": judgement.reason})
        count(Metric.SENDER_GUARD, 1)
    return limits


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    dispatcher = Dispatcher(container.enqueue, container.ask_ses, limits_of, container.dispatcher_cache(), clock.now())
    ticks = dispatcher.tick()
    handed_over = sum(tick.handed_over for tick in ticks.values())
    if handed_over or dispatcher.why:
        logger().info("tick", extra={"handed_over": handed_over, "mails": dispatcher.sent, "why": dispatcher.why})
    count(Metric.EMAILS_DISPATCHED, dispatcher.sent)
    count(Metric.CIRCUIT_OPENED, int(dispatcher.breaker_opened))
    count(Metric.SENDING_HELD, 1 if dispatcher.why else 0)
    if any(tick.is_late for tick in ticks.values()):
        count(Metric.LATE_MINUTES, max(tick.minutes_late for tick in ticks.values()))
    return {"handed_over": handed_over, "mails": dispatcher.sent}
