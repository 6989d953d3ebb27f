"""Sends the reports that are due, each to each recipient once per period: load → compose → claim → send → settle.

The claim is written before the call of SES and never given back unless SES certainly did not take the email. So a crash
or a second run sends nothing twice; an email whose outcome is unknown stays listed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sodate.email.delivery.probe import PURPOSE
from sodate.email.delivery.ses import Answer, OutgoingEmail, SesMailer
from sodate.email.delivery.ses_answers import Verdict
from sodate.email.mailing import Mailing, Sender
from sodate.email.report_schedule import EmailedKind, Occasion, ReportsFile, ScheduledReport
from sodate.email.reputation import rate_limiter
from sodate.errors import NotFound
from sodate.leads.text import one_line
from sodate.playbook.store import Definitions, parsed
from sodate.reports.catalogs import words_in
from sodate.reports.document import Period, Report
from sodate.reports.email_page import ReportEmail, report_email
from sodate.reports.frame import Frame
from sodate.reports.mailout import Mailout
from sodate.reports.quarantine_announcement import due_announcement
from sodate.reports.store import DeliveryState, claim, settle

#: Makes one report from counters: no scan.
Build = Callable[[Definitions, EmailedKind, Frame], Report]
_STATES = {
    Verdict.ACCEPTED: DeliveryState.ACCEPTED,
    Verdict.DEFERRED: DeliveryState.DEFERRED,
    Verdict.REJECTED: DeliveryState.REJECTED,
    Verdict.AMBIGUOUS: DeliveryState.UNKNOWN,
}


@dataclass(frozen=True)
class ReportSender:
    """`now` and `sleep`: of the clock. `stage`: for the tags."""

    definitions: Definitions
    mailer: SesMailer
    build: Build
    stage: str
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def send_due(self, quarantine_link: Callable[[datetime], str]) -> Counter[str]:
        """Emails by what became of them; `before`: sent, or perhaps sent, by an earlier run.

        `quarantine_link`: to the page of doubtful form posts, made at this time.
        """
        outcomes: Counter[str] = Counter()
        for report in scheduled(self.definitions):
            occasion = report.due(self.now(), self._sender().time_zone)
            if occasion is not None:
                first_day, compose = occasion.first.isoformat(), partial(self.compose, report, occasion)
                outcomes.update(self._deliver(Mailout(report.id, report.to, first_day, compose)))
        announcement = reports_file(self.definitions).quarantine
        if announcement is not None:
            mailout = due_announcement(announcement, self._sender(), quarantine_link, self.now())
            outcomes.update(self._deliver(mailout) if mailout is not None else ())
        return outcomes

    def send_now(self, report: ScheduledReport, to: Sequence[str]) -> list[tuple[str, Answer]]:
        """To these addresses, about the latest period, whatever was sent before. It claims nothing."""
        occasion = report.occasion(self.now(), self._sender().time_zone)
        email = self.compose(report, occasion)
        return [(address, self._send(report.id, email, address)) for address in to]

    def compose(self, report: ScheduledReport, occasion: Occasion) -> ReportEmail:
        sender = self._sender()
        words = words_in(report.language or sender.language)
        frame = Frame(words, Period(occasion.first, occasion.last, sender.time_zone), self.now())
        reports = [self.build(self.definitions, kind, frame) for kind in report.reports]
        return report_email(reports, report.title, words)

    def _deliver(self, mailout: Mailout) -> Iterator[str]:
        """It composes before it claims: a report that cannot be made is tried again."""
        left = mailout.waiting()
        yield from ["before"] * (len(mailout.to) - len(left))
        email = mailout.compose() if left else None
        for address in left:
            if email is None or not claim(mailout.id, mailout.first_day, address, self.now()):
                yield "before"
                continue
            answer = self._send(mailout.id, email, address)
            state = _STATES[answer.verdict]
            settle(mailout.id, mailout.first_day, address, (state, answer.reason), self.now())
            yield state.value

    def _send(self, report_id: str, email: ReportEmail, address: str) -> Answer:
        slot = rate_limiter.wait_for_slot(rate_limiter.load(), self.now, self.sleep)
        if slot.at is None:
            return Answer(Verdict.DEFERRED, reason=slot.stopped or "no_slot")
        return self.mailer.send(
            OutgoingEmail(
                to=address,
                sender=self._sender(),
                subject=one_line(email.subject),
                html=email.html,
                text=email.text,
                # Like a probe's, its events change nothing: no lead, no ledger, no rate of the guards.
                tags={"purpose": PURPOSE, "report": report_id, "stage": self.stage},
                headers={"Auto-Submitted": "auto-generated"},
            )
        )

    def _sender(self) -> Sender:
        return parsed(self.definitions.live("mailing"), Mailing).sender


def scheduled(definitions: Definitions) -> tuple[ScheduledReport, ...]:
    return reports_file(definitions).reports


def reports_file(definitions: Definitions) -> ReportsFile:
    """Without content when the playbook has no `reports.yaml`."""
    try:
        return parsed(definitions.live("reports"), ReportsFile)
    except NotFound:
        return ReportsFile.model_construct()
