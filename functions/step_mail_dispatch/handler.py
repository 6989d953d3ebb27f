"""Every minute: what is due goes to the send queue, no faster than SES takes it. Idle, it costs a query a shard."""

from typing import Any

from sodate.mail.account import Account
from sodate.mail.release import Release, Restraint
from sodate.mail.restraint import restraint
from sodate.mail.sender import Mailing
from sodate.playbook.store import parsed
from sodate.runtime import clock, container
from sodate.runtime.logs import logger
from sodate.runtime.metrics import Metric, count


def restrain(account: Account) -> Restraint:
    mailing = parsed(container.definitions().live("mailing"), Mailing)
    found, judgement = restraint(mailing, account, clock.now())
    if judgement.verdict != "ok":
        logger().warning("sender guard", extra={"verdict": judgement.verdict, "why": judgement.reason})
        count(Metric.SENDER_GUARD, 1)
    return found


def handler(_: dict[str, Any], __: object) -> dict[str, int]:
    container.bind_table()
    release = Release(container.enqueue, container.ask_ses, restrain, container.dispatch_memory(), clock.now())
    ticks = release.tick()
    handed_over = sum(tick.handed_over for tick in ticks.values())
    if handed_over or release.why:
        logger().info("tick", extra={"handed_over": handed_over, "mails": release.sent, "why": release.why})
    count(Metric.EMAILS_DISPATCHED, release.sent)
    count(Metric.CIRCUIT_OPENED, int(release.breaker_opened))
    count(Metric.SENDING_HELD, 1 if release.why else 0)
    if any(tick.is_late for tick in ticks.values()):
        count(Metric.LATE_MINUTES, max(tick.minutes_late for tick in ticks.values()))
    return {"handed_over": handed_over, "mails": release.sent}
