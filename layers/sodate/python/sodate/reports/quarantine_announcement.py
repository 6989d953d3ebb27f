"""The daily email that doubtful form posts wait. It has numbers and a link, nothing of what was typed."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from markupsafe import Markup

from sodate.email.mailing import Sender
from sodate.email.report_schedule import QUARANTINE, QuarantineAnnouncement
from sodate.forms.quarantine_links import LIFETIME
from sodate.forms.waiting import WaitingPosts, waiting_posts
from sodate.reports.catalogs import words_in
from sodate.reports.email_page import ReportEmail
from sodate.reports.mailout import Mailout
from sodate.reports.store import DeliveryState, deliveries
from sodate.web.words import Words

_DAY = timedelta(days=1)


def due_announcement(
    announcement: QuarantineAnnouncement, sender: Sender, link: Callable[[datetime], str], now: datetime
) -> Mailout | None:
    """None on a day on which none arrived, or which is claimed already. `link`: to the page of the posts."""
    at = announcement.latest(now, sender.time_zone)
    words = words_in(announcement.language or sender.language)
    mailout = Mailout(QUARANTINE, announcement.to, at.date().isoformat(), lambda: compose(posts, link(now), words))
    if not mailout.waiting():
        return None
    posts = waiting_posts(_last(at), at)
    return mailout if posts.recent or (posts.is_more and posts.waiting) else None


def _last(at: datetime) -> datetime:
    """When the announcement of before left: what an outage kept back is news still. One day ago for the first one."""
    today, unsent = at.date().isoformat(), (DeliveryState.DEFERRED, DeliveryState.REJECTED)
    days = [one.first_day for one in deliveries(QUARANTINE) if one.first_day < today and one.state not in unsent]
    return datetime.combine(date.fromisoformat(days[0]), at.time(), at.tzinfo) if days else at - _DAY


def compose(posts: WaitingPosts, link: str, words: Words) -> ReportEmail:
    more = words.text("quarantine", "more") if posts.is_more else ""
    subject = words.text("quarantine", "subject", waiting=posts.waiting, more=more)
    numbers = words.text("quarantine", "numbers", waiting=posts.waiting, recent=posts.recent, more=more)
    look = words.text("quarantine", "look", days=LIFETIME.days)
    end = words.text("quarantine", "end")
    button = Markup('<a href="{}">{}</a>').format(link, words.text("quarantine", "link"))
    paragraphs = Markup("").join(Markup("<p>{}</p>").format(one) for one in (numbers, look, button, end))
    html = Markup(
        '<!doctype html><html lang="{}"><meta charset="utf-8"><title>{}</title><body style="{}">{}</body></html>'
    ).format(words.language, subject, "font-family:sans-serif;font-size:15px;line-height:1.6", paragraphs)
    return ReportEmail(subject, str(html), "\n\n".join([numbers, look, link, end]))
