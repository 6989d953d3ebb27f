"""What is known of the opens and clicks of one email: evidence and verdict of each, as text on its SEND item. Pure.

The item holds the verdicts that were made, so a reader never classifies: two images of the item differ exactly by what
changed in between, under any release. The evidence has no address and no user agent, only what they say (`Sign`) and a
mark of 16 bits that shows whether two events came from the same client.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntFlag, StrEnum
from typing import Any, Literal

from sodate.activities.catalog import ActivityVerdict

#: Clicks that the evidence of one email holds. A robot's repeats make room for a person's.
MOST_CLICKS = 20
#: Opens of each verdict: a second one of people, because the first may turn out to be a robot's.
_MOST_OPENS = {ActivityVerdict.HUMAN: 2, ActivityVerdict.ROBOT: 1}


class Sign(IntFlag):
    """What one event shows. Stored as a number: a bit never changes its meaning."""

    HEAD = 1
    ROBOT_AGENT = 2
    """The user agent names a program that nobody reads with: a crawler, a link preview, an HTTP library, or nothing."""
    SCANNER_NETWORK = 4
    """The address belongs to a filter of incoming email."""
    SES_SAYS_ROBOT = 8
    HIDDEN_LINK = 16
    OWN_LINK = 32
    """A link to our own pages (unsubscribe, preferences): no engagement, but a sweep over all links has it."""
    APPLE_PREFETCH = 64
    IMAGE_PROXY = 128
    """An image proxy that fetches when a person opens the email."""


NO_SIGNS = Sign(0)


class Because(StrEnum):
    """Why a verdict is what it is. Each has one letter in the stored text, which never changes."""

    NO_SIGN = "no_sign"
    OPERATOR = "operator"
    SES_FLAG = "ses_flag"
    HEAD_REQUEST = "head_request"
    USER_AGENT = "user_agent"
    NETWORK = "network"
    HIDDEN_LINK = "hidden_link"
    TOO_FAST = "too_fast"
    BURST = "burst"
    SWEEP = "sweep"
    SAME_CLIENT = "same_client"
    ECHO = "echo"
    DOMAIN = "domain"
    APPLE_PREFETCH = "apple_prefetch"
    IMAGE_PROXY = "image_proxy"


_LETTERS = {
    "n": Because.NO_SIGN,
    "o": Because.OPERATOR,
    "s": Because.SES_FLAG,
    "q": Because.HEAD_REQUEST,
    "u": Because.USER_AGENT,
    "g": Because.NETWORK,
    "h": Because.HIDDEN_LINK,
    "t": Because.TOO_FAST,
    "b": Because.BURST,
    "w": Because.SWEEP,
    "c": Because.SAME_CLIENT,
    "e": Because.ECHO,
    "d": Because.DOMAIN,
    "p": Because.APPLE_PREFETCH,
    "i": Because.IMAGE_PROXY,
}
_LETTER_OF = {because: letter for letter, because in _LETTERS.items()}
_VERDICTS = {"h": ActivityVerdict.HUMAN, "r": ActivityVerdict.ROBOT, "u": ActivityVerdict.UNSURE}
_VERDICT_LETTERS = {verdict: letter for letter, verdict in _VERDICTS.items()}


@dataclass(frozen=True, slots=True)
class Hit:
    """One open or click.

    `key`: of its activity. `at`: tenths of a second since SES accepted the email. `link`: a hash; empty for an open.
    `client`: a hash of address and user agent. `verdict`: None while a click waits for its neighbours.
    `because`: `OPERATOR` makes the verdict final.
    """

    kind: Literal["o", "c"]
    key: str
    at: int
    link: str = ""
    client: str = ""
    signs: Sign = NO_SIGNS
    verdict: ActivityVerdict | None = None
    because: Because | None = None

    @property
    def is_click(self) -> bool:
        return self.kind == "c"

    @property
    def counts(self) -> bool:
        """False for a click on a link of ours or on the hidden one: neither is engagement."""
        return not self.signs & (Sign.OWN_LINK | Sign.HIDDEN_LINK)

    @property
    def is_final(self) -> bool:
        return self.because is Because.OPERATOR

    def judged(self, verdict: ActivityVerdict, because: Because) -> "Hit":
        return replace(self, verdict=verdict, because=because)

    def to_text(self) -> str:
        verdict = _VERDICT_LETTERS[self.verdict] if self.verdict else "-"
        because = _LETTER_OF[self.because] if self.because else ""
        parts = (self.kind, self.key, f"{self.at:d}", self.link, self.client, f"{int(self.signs):x}", verdict + because)
        return ":".join(parts)

    @classmethod
    def parse(cls, text: str) -> "Hit":
        """Raises: `ValueError`. A newer release may add parts, signs and reasons."""
        kind, key, at, link, client, signs, judged, *_ = text.split(":")
        verdict, because = _VERDICTS.get(judged[:1]), _LETTERS.get(judged[1:2])
        return cls("o" if kind == "o" else "c", key, int(at), link, client, Sign(int(signs, 16)), verdict, because)


@dataclass(frozen=True, slots=True)
class Engagement:
    """`hits`: in order of arrival."""

    hits: tuple[Hit, ...] = ()

    @classmethod
    def of(cls, item: Any) -> "Engagement":
        """Of a SEND item, of its image as plain values, or of the stored text; nothing where there is no evidence.

        Raises: `ValueError` for a text that is none of ours.
        """
        if isinstance(item, Mapping):
            item = item.get("engagement")
        text = item if isinstance(item, str) else getattr(item, "engagement", None) or ""
        return cls(tuple(Hit.parse(part) for part in text.split(";") if part))

    def to_text(self) -> str:
        return ";".join(hit.to_text() for hit in self.hits)

    @property
    def human_opened(self) -> bool:
        return _has(self.hits, "o", ActivityVerdict.HUMAN)

    @property
    def machine_opened(self) -> bool:
        return _has(self.hits, "o", ActivityVerdict.ROBOT)

    @property
    def human_clicked(self) -> bool:
        return _has(self.hits, "c", ActivityVerdict.HUMAN)

    @property
    def machine_clicked(self) -> bool:
        return _has(self.hits, "c", ActivityVerdict.ROBOT)

    @property
    def unsure_clicked(self) -> bool:
        return _has(self.hits, "c", ActivityVerdict.UNSURE)

    @property
    def reasons(self) -> dict[str, Because]:
        """Why, by the key of the activity; of those with a verdict."""
        return {hit.key: hit.because for hit in self.hits if hit.because is not None}

    def adding(self, new: Iterable[Hit]) -> "Engagement":
        """With further hits, as far as there is room. A hit that it has already changes nothing."""
        hits = list(self.hits)
        for hit in new:
            if all(one.key != hit.key for one in hits):
                _add(hits, hit)
        return Engagement(tuple(hits))

    def with_verdicts(self, judged: Iterable[Hit]) -> "Engagement":
        """With the given hits in the place of those with the same key."""
        by_key = {hit.key: hit for hit in judged}
        return Engagement(tuple(by_key.get(hit.key, hit) for hit in self.hits))


def _has(hits: Iterable[Hit], kind: str, verdict: ActivityVerdict) -> bool:
    return any(hit.kind == kind and hit.verdict is verdict and hit.counts for hit in hits)


def _add(hits: list[Hit], hit: Hit) -> None:
    if not hit.is_click:
        same = sum(not one.is_click and one.verdict is hit.verdict for one in hits)
        if same < _MOST_OPENS.get(hit.verdict or ActivityVerdict.HUMAN, 1):
            hits.append(hit)
        return
    if sum(one.is_click for one in hits) >= MOST_CLICKS:
        replaceable = [one for one in hits if one.is_click and one.verdict is ActivityVerdict.ROBOT]
        if hit.verdict is ActivityVerdict.ROBOT or len(replaceable) < 2:  # the first says that a robot clicked
            return
        hits.remove(replaceable[-1])
    hits.append(hit)
