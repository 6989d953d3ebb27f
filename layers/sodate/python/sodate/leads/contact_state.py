"""ContactState: whether, about what and how often a lead may be emailed, and where it is in each sequence. Pure.

It is one item below 1 KB, which every send claims and every opt-out writes; so DynamoDB orders them. Each transition
returns the state afterwards; `leads.store.state_change` turns the difference into one conditional write.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

TopicStatus = Literal["pending", "confirmed", "withdrawn"]
#: Position of an enrollment relative to a step. `here`: at this step. `behind`: an earlier step was deferred and must
#: be sent first. `ahead`: this step was claimed. `gone`: the enrollment or the lead no longer exists.
StepPosition = Literal["here", "behind", "ahead", "gone"]


class Block(StrEnum):
    """Why a lead gets no marketing email, whatever its topics say. Doubts about an address are further values."""

    SOFT_BOUNCES = "soft_bounces"
    NO_ADDRESS = "no_address"
    """The lead has only an external id; lifted when an import adds an address."""
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"
    """SES does not deliver to this address."""
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    ERASED = "erased"
    """The lead is being erased, or its address belonged to an erased lead; the next opt-in by itself lifts it."""
    MERGED = "merged"
    """The lead was merged into another one (`privacy.merge`)."""


#: The only value of `ContactState.tracking` and of `Profile.tracking`.
TRACKING_OFF = "off"
#: A new block replaces a weaker one only, in any order of events. Every other reason has the strength `_USUAL`.
_STRENGTH: dict[str | None, int] = {None: 0, Block.SOFT_BOUNCES: 1, Block.HARD_BOUNCE: 3, Block.COMPLAINT: 4}
_USUAL = 2
#: Blocks that a new double opt-in lifts: the lead's own opt-out, and a mailbox that accepts email again.
LIFTED_BY_OPT_IN = (None, Block.UNSUBSCRIBED, Block.SOFT_BOUNCES, Block.ERASED)
#: Blocks that mail systems caused, and a person may find to be over.
LIFTED_BY_OPERATOR = (Block.HARD_BOUNCE, Block.SOFT_BOUNCES)
#: Reasons of entries of the suppression list that a new double opt-in removes.
REMOVED_BY_OPT_IN = (Block.UNSUBSCRIBED, Block.ERASED)


@dataclass(frozen=True)
class Visit:
    """A lead's visit of one step of a scenario, whose steps may come again and in any order.

    `number`: of the moves before it. `at`: when it began, in seconds since 1970.
    """

    number: int
    at: int

    @property
    def began(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def next(self, now: datetime) -> "Visit":
        """The visit of the step after this one, which begins `now`: rounded up, so that no wait ends early."""
        return Visit(self.number + 1, -int(-now.timestamp() // 1))


@dataclass(frozen=True)
class Enrollment:
    """An enrollment in one sequence or scenario, pinned to the version it began with, which has `steps` steps.

    `step` is the index of the next one; at `steps` the enrollment is complete. `visit`: of that step; None in a
    sequence, whose steps come once each, in order. `arms`: split or holdout step → the lead's arm. `goals`: those that
    were counted. `ended`: why a scenario ended it before its last step, for example `exit:replied`.
    """

    id: str
    version: int
    step: int
    since: str
    steps: int
    visit: Visit | None = None
    arms: Mapping[str, str] = field(default_factory=dict)
    goals: frozenset[str] = frozenset()
    ended: str | None = None

    @property
    def is_complete(self) -> bool:
        return self.step >= self.steps


@dataclass(frozen=True)
class ContactState:
    """`blocked`: a `Block` or the doubt about the address. `topics`: topic → `TopicStatus`.

    `zone` is an IANA name (None: the sender's time zone); `pause_until` a `keys.stamp` until which nothing is sent;
    `frequency` is `weekly` or `monthly` (None: all). `tracking` is `off` when opens and clicks must not be recorded
    (None: they are); the profile has it too, for the sender. `opted_out_at`: the latest opt-out, of everything or of
    a topic; a consent request that is not newer can no longer be confirmed. `mailed`: times of the latest marketing
    emails, in minutes since 1970, newest first; `mailed_in` the same for topics with own caps. `runs`: marks of the
    runs of broadcasts that the lead got (`broadcasts.run`), while they last.
    """

    lead_id: str
    address_key: str
    language: str = "ja"
    blocked: str | None = None
    topics: dict[str, str] = field(default_factory=dict)
    opt_in_mails: int = 0
    opt_in_mail_at: str | None = None
    enrollments: dict[str, Enrollment] = field(default_factory=dict)
    zone: str | None = None
    pause_until: str | None = None
    frequency: str | None = None
    tracking: str | None = None
    opted_out_at: str | None = None
    mailed: tuple[int, ...] = ()
    runs: frozenset[str] = frozenset()
    mailed_in: dict[str, tuple[int, ...]] = field(default_factory=dict)

    # -- blocks and consent --------------------------------------------------------------------------------------------

    def can_be_blocked_by(self, reason: str) -> bool:
        """False when the lead is blocked for an equally strong or a stronger reason, which stays."""
        return strength(reason) > strength(self.blocked)

    @property
    def lacks_opt_out(self) -> bool:
        """Blocked for what an operator may lift, and no opt-out of everything stands behind the block."""
        subscribes = any(status != "withdrawn" for status in self.topics.values())
        return self.blocked in LIFTED_BY_OPERATOR and (subscribes or self.opted_out_at is None)

    def opted_out_within(self, span: timedelta, now: datetime) -> bool:
        """Of everything or of a topic."""
        return self.opted_out_at is not None and now - datetime.fromisoformat(self.opted_out_at) <= span

    def block(self, reason: str) -> "ContactState":
        return replace(self, blocked=str(reason)) if self.can_be_blocked_by(reason) else self

    def opt_out(self, topics: Iterable[str], at: str, *, of_everything: bool) -> "ContactState":
        """`at`: a `keys.stamp`."""
        latest = max(at, self.opted_out_at or "")
        out = replace(self, topics={**self.topics, **dict.fromkeys(topics, "withdrawn")}, opted_out_at=latest)
        return out.block(Block.UNSUBSCRIBED) if of_everything else out

    def confirm(self, topics: Iterable[str]) -> "ContactState":
        return replace(self, topics={**self.topics, **dict.fromkeys(topics, "confirmed")})

    def opt_in(self, topics: Iterable[str]) -> "ContactState":
        """A confirmed double opt-in also ends the wait for it and lifts the block."""
        return replace(self.confirm(topics), opt_in_mails=0, blocked=None)

    def unblock(self) -> "ContactState":
        return replace(self, blocked=None)

    def erase(self, at: str) -> "ContactState":
        """Blocked whatever the block was, out of every scenario, without a consent. `at`: a `keys.stamp`."""
        out = self.opt_out(self.topics, at, of_everything=False)
        return replace(out, blocked=str(Block.ERASED), enrollments={})

    def permanent_rejection(self, topic: str) -> str | None:
        """Reason code why no email about `topic` may be sent; None: nothing that lasts forbids it."""
        if self.blocked is not None:
            return f"blocked:{self.blocked}"
        if self.topics.get(topic) != "confirmed":
            return f"consent:{self.topics.get(topic, 'none')}"
        return None

    # -- preferences ---------------------------------------------------------------------------------------------------

    def prefer(
        self, *, frequency: str | None, language: str | None, zone: str | None, tracking: str | None = None
    ) -> "ContactState":
        """None leaves a setting unchanged; `frequency` "all" and `tracking` "on" remove the limit."""
        return replace(
            self,
            frequency=self.frequency if frequency is None else None if frequency == "all" else frequency,
            language=language or self.language,
            zone=zone or self.zone,
            tracking=self.tracking if tracking is None else None if tracking == "on" else TRACKING_OFF,
        )

    def pause(self, until: str | None) -> "ContactState":
        """`until`: a `keys.stamp`; None ends the pause."""
        return replace(self, pause_until=until)

    def is_paused_for(self, span: timedelta, now: datetime) -> bool:
        """True within one day, so that a page submitted twice sets one pause."""
        current = datetime.fromisoformat(self.pause_until) if self.pause_until else now
        return abs(current - now - span) < timedelta(days=1)

    # -- sequences and scenarios ---------------------------------------------------------------------------------------

    def enroll(self, enrollments: Mapping[str, Enrollment]) -> "ContactState":
        """`enrollments` by name; one that exists is replaced."""
        return replace(self, enrollments={**self.enrollments, **enrollments})

    def forget(self, names: Iterable[str]) -> "ContactState":
        gone = set(names)
        return replace(self, enrollments={name: one for name, one in self.enrollments.items() if name not in gone})

    def position(self, name: str, enrollment_id: str, step: int, visit: Visit | None = None) -> StepPosition:
        """`name`: of the enrollment. `visit`: of the step; None in a sequence."""
        enrollment = self.enrollments.get(name)
        if enrollment is None or enrollment.id != enrollment_id or enrollment.ended is not None:
            return "gone"
        if visit is None or enrollment.visit is None:
            order = step - enrollment.step
        else:
            # Of the same number, but another one: it was planned before an earlier step was deferred.
            is_other = (enrollment.step, enrollment.visit) != (step, visit)
            order = visit.number - enrollment.visit.number or int(is_other)
        return "here" if order == 0 else "behind" if order > 0 else "ahead"


#: The longest value of a key: the name of an enrollment is a part of `STATE`, which stays small.
LONGEST_KEY = 64
#: Between the id of a scenario and the value of its key, in the name of an enrollment. No id contains it.
_KEY = "#"


def name_of(scenario: str, key: str | None) -> str:
    """The name of an enrollment in `STATE`. `key`: the value of the scenario's key."""
    return scenario if key is None else f"{scenario}{_KEY}{key}"


def id_of(name: str) -> str:
    """The id of the scenario or sequence to which the enrollment with this name belongs."""
    return name.partition(_KEY)[0]


def key_of(name: str) -> str | None:
    """The value of the scenario's key in the name of an enrollment."""
    return name.partition(_KEY)[2] or None


def about_enrollment(name: str) -> dict[str, str]:
    """The enrollment in an activity or event: `scenario`, and `key` when it has one."""
    key = key_of(name)
    return {"scenario": id_of(name), **({"key": key} if key is not None else {})}


def strength(block: str | None) -> int:
    return _STRENGTH.get(block, _USUAL)
