"""Who was there: a person, a robot, or nobody knows. A verdict sets figures apart; it never refuses a batch."""

import re

from sodate.activities.catalog import ActivityVerdict

#: In the order in which one replaces another.
ORDER = (ActivityVerdict.HUMAN, ActivityVerdict.UNSURE, ActivityVerdict.ROBOT)
#: Words by which crawlers, monitors, previewers and HTTP libraries name themselves. A few that look like one of them,
#: for example "Cubot" (a telephone), are no robots: hence the boundary before `bot`.
_ROBOT = re.compile(
    r"bot\b|(?:^|[^a-z])bot|crawl|spider|slurp|headless|phantomjs|lighthouse|pagespeed|gtmetrix|pingdom|uptime|monitor"
    r"|preview|fetch|scan|curl/|wget|python|java/|okhttp|go-http|libwww|axios|node|httpclient|puppeteer|playwright|selenium"
    r"|facebookexternalhit|bingpreview|yandex|baidu|proofpoint|barracuda|mimecast",
)
_NO_ROBOT = re.compile(r"cubot")
#: A person neither sees so many pages within one session nor so many without a second on any of them.
MOST_PAGES, MOST_UNSEEN_PAGES = 150, 30


def of_agent(user_agent: str | None, *, automated: bool = False) -> ActivityVerdict:
    """`automated`: the browser itself says that a program drives it (`navigator.webdriver`)."""
    if automated:
        return ActivityVerdict.ROBOT
    if not user_agent:
        return ActivityVerdict.UNSURE
    text = _NO_ROBOT.sub("", user_agent[:500].lower())
    return ActivityVerdict.ROBOT if _ROBOT.search(text) else ActivityVerdict.HUMAN


def of_shape(page_views: int, dwell_s: int) -> ActivityVerdict:
    """By what a whole session did."""
    is_machine = page_views > MOST_PAGES or (page_views > MOST_UNSEEN_PAGES and dwell_s == 0)
    return ActivityVerdict.ROBOT if is_machine else ActivityVerdict.HUMAN


def worse(one: ActivityVerdict, other: ActivityVerdict) -> ActivityVerdict:
    return max(one, other, key=ORDER.index)
