"""Who clicked: a person, a robot, or nobody can tell. Pure: from the evidence of one email to verdicts with reasons.

Robots mark themselves by what they are (user agent, network, HEAD, SES's flag, the hidden link) or by how they click:
several links within a second, all links within a minute, our own links too. A single quiet click has no shape, so a
person's verdict waits until neighbours had time to show, and longer while something is doubtful. Evidence only grows,
so a verdict only moves towards the robot; docs/robots.md has every rule with its source.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sodate.activities.catalog import ActivityVerdict
from sodate.email.ledger.engagement import Because, Engagement, Hit, Sign

HUMAN, ROBOT, UNSURE = ActivityVerdict.HUMAN, ActivityVerdict.ROBOT, ActivityVerdict.UNSURE
SECOND = 10
MINUTE = 60 * SECOND

#: By itself, the first that applies.
_SIGNS = (
    (Sign.SES_SAYS_ROBOT, Because.SES_FLAG),
    (Sign.HIDDEN_LINK, Because.HIDDEN_LINK),
    (Sign.HEAD, Because.HEAD_REQUEST),
    (Sign.ROBOT_AGENT, Because.USER_AGENT),
    (Sign.SCANNER_NETWORK, Because.NETWORK),
    (Sign.APPLE_PREFETCH, Because.APPLE_PREFETCH),
)
_OWN_LINKS = 2
#: Around a click on the hidden link.
_NEAR = 10 * SECOND
#: For how long one client stays what it has shown to be.
_SAME_CLIENT = 10 * MINUTE
#: The same link from another client so soon after: a gateway looks at what was just clicked.
_ECHO = 15 * SECOND
#: Since SES accepted the email: nobody has read it yet; hardly anybody has.
_TOO_FAST, _FAST = 2 * SECOND, 6 * SECOND
#: When gateways look, by a published log: 97 % of their bursts begin within five minutes.
_SCAN_TIME = 5 * MINUTE
#: The least wait in that time: who walks slowly over an email has followed a second link by then.
_EARLY_WAIT = 30 * SECOND
#: A click in company, or an unsure one, waits so long for more evidence.
PATIENCE = 75 * SECOND
_COMPANY = MINUTE


@dataclass(frozen=True)
class Prior:
    """What emails to the recipient's domain brought so far: those with clicks, and those whose first one was suspect.

    Suspect is a robot's click, and any within five minutes of sending: of people's clicks those are few, of a
    gateway's nearly all, also where each by itself looks like a person's.
    """

    clicked: int = 0
    suspect: int = 0

    @property
    def share(self) -> float:
        """0 while too little is known."""
        return self.suspect / self.clicked if self.clicked >= _ENOUGH else 0.0


PriorOf = Callable[[], Prior]
_ENOUGH = 10
_CERTAIN, _LIKELY = 0.95, 0.6


def is_suspect(hit: Hit) -> bool:
    """Of the first click on an email (`Prior`)."""
    return hit.verdict is ROBOT or hit.at <= _SCAN_TIME


@dataclass(frozen=True)
class Waiting:
    """`wait`: tenths of a second that a person's click waits before it counts. `unsure_counts`: as a person's."""

    wait: int = 10 * SECOND
    unsure_counts: bool = False


def verdict_of_open(hit: Hit) -> Hit:
    """An open has its verdict at once: nothing is triggered by it."""
    for sign, because in _SIGNS:
        if hit.signs & sign:
            return hit.judged(ROBOT, because)
    if hit.signs & Sign.IMAGE_PROXY:
        return hit.judged(HUMAN, Because.IMAGE_PROXY)
    return hit.judged(ROBOT, Because.TOO_FAST) if hit.at <= _TOO_FAST else hit.judged(HUMAN, Because.NO_SIGN)


@dataclass(frozen=True)
class Verdicts:
    """`engagement`: with every verdict that is made now. `corrected`: had another verdict before.

    `ready_at`: tenths since SES accepted the email, at which the click that was asked for gets its verdict; None: it
    has it.
    """

    engagement: Engagement
    corrected: tuple[Hit, ...] = ()
    ready_at: int | None = None


def verdicts_on(engagement: Engagement, key: str, now: int, rules: Waiting, prior_of: PriorOf) -> Verdicts:
    """Verdicts on all robots of the evidence, and on the hit with this key when its time has come.

    A person's verdict is made for the asked hit only: it is stored together with the activity. `now`: in tenths since
    SES accepted the email.
    """
    found = _robots_among(engagement.hits)
    judged = [hit.judged(ROBOT, found[hit.key]) for hit in engagement.hits if hit.key in found and _may_change(hit)]
    was = {hit.key: hit for hit in engagement.hits}
    corrected = tuple(hit for hit in judged if was[hit.key].verdict is not None)
    ready_at: int | None = None
    asked = was.get(key)
    if asked is not None and asked.verdict is None and key not in found:
        verdict, ready_at = _quiet(
            asked, [hit for hit in engagement.hits if hit.key not in found], bool(found), rules, prior_of
        )
        if ready_at <= now:
            judged.append(verdict)
            ready_at = None
    return Verdicts(engagement.with_verdicts(judged), corrected, ready_at)


def _may_change(hit: Hit) -> bool:
    return not hit.is_final and hit.verdict is not ROBOT


def _quiet(hit: Hit, others: Sequence[Hit], robots_came: bool, rules: Waiting, prior_of: PriorOf) -> tuple[Hit, int]:
    """The verdict on a click that nothing marks, and when it is made. `others`: hits that are no robot's now."""
    verdict = hit.judged(HUMAN, Because.NO_SIGN)
    if hit.at <= _FAST:
        verdict = hit.judged(UNSURE, Because.TOO_FAST)
    elif hit.at <= _SCAN_TIME and not robots_came:
        share = prior_of().share  # where the gateway has looked already, this click is not its
        if share >= _LIKELY:
            verdict = hit.judged(ROBOT if share >= _CERTAIN else UNSURE, Because.DOMAIN)
    in_company = any(_is_company(hit, one) for one in others)
    is_doubtful = in_company or verdict.verdict is not HUMAN
    waits = max(rules.wait, PATIENCE if is_doubtful else _EARLY_WAIT if hit.at <= _SCAN_TIME else 0)
    if verdict.verdict is UNSURE and rules.unsure_counts:
        verdict = verdict.judged(HUMAN, verdict.because or Because.NO_SIGN)
    return verdict, hit.at + waits


def _is_company(hit: Hit, other: Hit) -> bool:
    is_near = other.is_click and other.link != hit.link and abs(other.at - hit.at) <= _COMPANY
    return is_near and not other.is_final and other.verdict is not ROBOT


def _robots_among(hits: Sequence[Hit]) -> dict[str, Because]:
    """Key of each robot's click or open → why."""
    clicks = sorted((hit for hit in hits if hit.is_click and not _is_cleared(hit)), key=lambda hit: hit.at)
    found = {hit.key: because for hit in clicks if (because := _by_itself(hit)) is not None}
    for shape in _SHAPES:
        # A person's click beside a robot's burst belongs to no burst, so what has its reason is left out.
        rest = [hit for hit in clicks if hit.key not in found or hit.signs & Sign.HIDDEN_LINK]
        found |= {hit.key: shape.because for hit in shape.among(rest)}
    known = [hit for hit in clicks if hit.key in found]
    for hit in hits:
        if not _is_cleared(hit) and any(_is_same_client(hit, one) for one in known):
            found.setdefault(hit.key, Because.SAME_CLIENT)
    for hit in clicks:
        if hit.key not in found and any(_is_echo(hit, one) and one.key not in found for one in clicks):
            found[hit.key] = Because.ECHO
    return found


def _is_cleared(hit: Hit) -> bool:
    """An operator says that a person did it."""
    return hit.is_final and hit.verdict is not ROBOT


def _by_itself(hit: Hit) -> Because | None:
    if hit.is_final:
        return Because.OPERATOR
    for sign, because in _SIGNS:
        if hit.signs & sign:
            return because
    return Because.TOO_FAST if hit.at <= _TOO_FAST else None


@dataclass(frozen=True)
class _Shape:
    """So many distinct links within so many tenths of a second."""

    because: Because
    links: int
    span: int

    def among(self, clicks: Sequence[Hit]) -> Iterator[Hit]:
        """`clicks`: in order of time."""
        for window in _windows(clicks, self.span):
            if len({hit.link for hit in window}) >= self.links:
                yield from window


@dataclass(frozen=True)
class _AroundHiddenLink:
    because: Because = Because.HIDDEN_LINK

    def among(self, clicks: Sequence[Hit]) -> Iterator[Hit]:
        hidden = [hit for hit in clicks if hit.signs & Sign.HIDDEN_LINK]
        yield from (hit for hit in clicks if any(abs(hit.at - one.at) <= _NEAR for one in hidden))


@dataclass(frozen=True)
class _WithOurLinks:
    """Unsubscribe and preferences and something to read: every link was followed."""

    because: Because = Because.SWEEP

    def among(self, clicks: Sequence[Hit]) -> Iterator[Hit]:
        for window in _windows(clicks, MINUTE):
            own = {hit.link for hit in window if hit.signs & Sign.OWN_LINK}
            if len(own) >= _OWN_LINKS and any(hit.counts for hit in window):
                yield from window


#: The closest first. No hand follows two links within a second, or five within fifteen; the slow walk over a whole
#: email is none of a keen reader's either.
_SHAPES = (
    _AroundHiddenLink(),
    _Shape(Because.BURST, 2, 1 * SECOND),
    _Shape(Because.BURST, 3, 3 * SECOND),
    _Shape(Because.BURST, 4, 6 * SECOND),
    _Shape(Because.BURST, 5, 15 * SECOND),
    _WithOurLinks(),
    _Shape(Because.SWEEP, 6, 75 * SECOND),
    _Shape(Because.SWEEP, 8, 3 * MINUTE),
)


def _windows(clicks: Sequence[Hit], span: int) -> Iterator[Sequence[Hit]]:
    """For each click, those from it on, at most `span` tenths later."""
    for start, first in enumerate(clicks):
        end = start
        while end < len(clicks) and clicks[end].at - first.at <= span:
            end += 1
        yield clicks[start:end]


def _is_same_client(hit: Hit, robot: Hit) -> bool:
    return hit.client == robot.client and bool(hit.client) and abs(hit.at - robot.at) <= _SAME_CLIENT


def _is_echo(hit: Hit, first: Hit) -> bool:
    return first.link == hit.link and first.client != hit.client and 0 < hit.at - first.at <= _ECHO
