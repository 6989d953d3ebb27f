"""The engine: from a program, an enrollment and a lead to what happens next. Pure; production and rehearsal call it.

A run walks from node to node until one waits or sends, or the enrollment ends. The same arguments always give the same
`Advance`, and nothing here has an effect, so a caller may run it again after a lost write.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sodate.activities.activity import Activity
from sodate.email.mailing import Mailing
from sodate.scenarios.advance import (
    ActiveEnrollment,
    Advance,
    Effect,
    EndEnrollment,
    GoalReached,
    Lead,
    Reason,
    ReasonCode,
    SendEmail,
)
from sodate.scenarios.decide import choose, due_of, effects_of, end_of, has_come, is_met
from sodate.scenarios.program import Node, Program
from sodate.scenarios.scenario import Goal
from sodate.scenarios.send_policy import valid_until
from sodate.scenarios.steps import (
    END,
    BranchStep,
    EndStep,
    HoldoutStep,
    SendStep,
    SplitStep,
    WaitForStep,
    WaitStep,
)
from sodate.scenarios.waits import Missing, Past

_MINUTE = timedelta(minutes=1)


def run(
    program: Program, enrollment: ActiveEnrollment, lead: Lead, now: datetime, *, mailing: Mailing | None = None
) -> Advance:
    """Advance an enrollment as far as it goes at `now`.

    Before the due time of its node it stays there, so a run that comes too early does nothing. Goals and exits end it
    first. `mailing`: quiet hours and closed days; None: every hour is open.
    """
    walk = _Walk(program, enrollment, lead, now, mailing)
    if enrollment.node >= program.end:
        return walk.stop(ReasonCode.COMPLETED, due=None)
    return walk.end_by_condition() or walk.go()


def after_send(
    program: Program, enrollment: ActiveEnrollment, lead: Lead, now: datetime, *, mailing: Mailing | None = None
) -> Advance:
    """Advance an enrollment whose email was claimed, or skipped for good (expired, over a cap), from its send step."""
    following = enrollment.at(program.nodes[enrollment.node].next[0], now)
    walk = _Walk(program, following, lead, now, mailing)
    return (walk.end_by_condition() if following.node < program.end else None) or walk.go()


def on_event(
    program: Program,
    enrollment: ActiveEnrollment,
    lead: Lead,
    event: Activity,
    now: datetime,
    *,
    mailing: Mailing | None = None,
) -> Advance | None:
    """Advance an enrollment because of a new activity of the lead; None: the activity changes nothing.

    An activity that is not later than the beginning of the enrollment changes nothing. Goals count within their window
    after the end, too.
    """
    if event.at <= enrollment.since:
        return None
    walk = _Walk(program, enrollment, lead, now, mailing, event)
    ended = walk.end_by_condition()
    if ended is not None or enrollment.node >= program.end:
        return ended
    step = program.nodes[enrollment.node].step
    if walk.effects or (isinstance(step, WaitForStep) and has_come(step, enrollment, lead, event)):
        return walk.go()
    return None


def stop(program: Program, enrollment: ActiveEnrollment, lead: Lead, now: datetime, reason: str) -> Advance:
    """End an enrollment early, whatever its step is. `reason`: of the end, after `exit:`."""
    return _Walk(program, enrollment, lead, now, None).end(f"exit:{reason}", ReasonCode.EXIT)


def resume(
    program: Program,
    enrollment: ActiveEnrollment,
    lead: Lead,
    pause: tuple[datetime, datetime],
    *,
    mailing: Mailing | None = None,
) -> Advance:
    """Advance an enrollment after a pause (from, until) by the policy that the scenario declares."""
    paused, now = pause
    policy = program.pause
    interrupted = max(paused, enrollment.entered)
    if policy.waits == "hold":
        enrollment = replace(enrollment, entered=enrollment.entered + (now - interrupted))
    elif policy.waits == "restart":
        enrollment = replace(enrollment, entered=now)
    most = policy.skip_overdue_hours
    is_overdue = (lambda due: now - due > timedelta(hours=most)) if most is not None else (lambda due: False)
    return run_unless_overdue(program, enrollment, lead, now, is_overdue, mailing=mailing)


def run_unless_overdue(
    program: Program,
    enrollment: ActiveEnrollment,
    lead: Lead,
    now: datetime,
    is_overdue: Callable[[datetime], bool],
    *,
    mailing: Mailing | None = None,
) -> Advance:
    """As `run`, but an email whose due time is overdue is skipped."""
    advance = run(program, enrollment, lead, now, mailing=mailing)
    send = advance.effects[-1] if advance.effects else None
    if isinstance(send, SendEmail) and is_overdue(send.due):
        skipped = after_send(program, advance.enrollment, lead, now, mailing=mailing)
        reasons = (*advance.reasons[:-1], replace(advance.reason, code=ReasonCode.OVERDUE), *skipped.reasons)
        return replace(skipped, effects=(*advance.effects[:-1], *skipped.effects), reasons=reasons)
    return advance


@dataclass
class _Walk:
    """One run: the enrollment moves, effects and reasons are collected."""

    program: Program
    enrollment: ActiveEnrollment
    lead: Lead
    now: datetime
    mailing: Mailing | None
    event: Activity | None = None
    effects: list[Effect] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)

    def go(self) -> Advance:
        """Pass each node once at most, and stop at the next wait: every cycle of a program has one that takes time."""
        for _ in range(self.program.end + 1):
            if self.enrollment.node >= self.program.end:
                break
            node, index = self.program.nodes[self.enrollment.node], self.enrollment.node
            stopped = self._wait(node)
            if stopped is None and self.enrollment.node == index:
                stopped = self._act(node)
            if stopped is not None:
                return stopped
        if self.enrollment.node < self.program.end:
            return self.stop(ReasonCode.TOO_MANY_STEPS, due=self.now + _MINUTE)
        return self.end("completed", ReasonCode.COMPLETED)

    def end_by_condition(self) -> Advance | None:
        """Goals reached are effects; the first goal or exit that ends the enrollment ends it."""
        is_complete = self.enrollment.node >= self.program.end
        for goal in self.program.goals:
            if self._reaches(goal):
                self.effects.append(GoalReached(goal.id))
                self.enrollment = replace(self.enrollment, reached=self.enrollment.reached | {goal.id})
                if goal.exit and not is_complete:
                    return self.end(f"goal:{goal.id}", ReasonCode.GOAL)
        if is_complete:
            return self.stop(ReasonCode.GOAL, due=None) if self.effects else None
        met = (exit_ for exit_ in self.program.exits if is_met(exit_, self.enrollment, self.lead, self.event))
        first = next(met, None)
        return self.end(f"exit:{first.id}", ReasonCode.EXIT) if first else None

    def leave(self, code: ReasonCode, to: int, detail: str = "") -> None:
        self._say(code, detail)
        self.enrollment = self.enrollment.at(to, self.now)

    def stop(self, code: ReasonCode, *, due: datetime | None) -> Advance:
        self._say(code)
        return Advance(tuple(self.effects), self.enrollment, due, tuple(self.reasons))

    def end(self, reason: str, code: ReasonCode) -> Advance:
        self._say(code, reason)
        self.effects.append(EndEnrollment(reason, is_early=code in (ReasonCode.GOAL, ReasonCode.EXIT)))
        self.enrollment = self.enrollment.at(self.program.end, self.now)
        return Advance(tuple(self.effects), self.enrollment, None, tuple(self.reasons))

    def _reaches(self, goal: Goal) -> bool:
        """Not counted before, within its window, and met."""
        at = self.event.at if self.event is not None else self.now
        in_window = at - self.enrollment.since <= timedelta(days=goal.within_days)
        is_new = goal.id not in self.enrollment.reached
        return is_new and in_window and is_met(goal, self.enrollment, self.lead, self.event)

    def _wait(self, node: Node) -> Advance | None:
        """None: the wait in front of the step is over, or the enrollment left it."""
        if isinstance(node.step, WaitForStep) and has_come(node.step, self.enrollment, self.lead, self.event):
            self.leave(ReasonCode.EVENT, node.next[0])
            return None
        ends = end_of(self.program, node, self.enrollment, self.lead, self.mailing)
        if isinstance(ends, Past | Missing):
            code = ReasonCode.DATE_PAST if isinstance(ends, Past) else ReasonCode.NO_DATE
            if ends.policy == "end":
                return self.end(f"date:{node.id}", code)
            if ends.policy == "skip" and node.skip is not None:
                self.leave(code, node.skip, "skip")
                return None
            self._say(code, "continue")
        due = due_of(node, ends, self.enrollment, self.lead, self.mailing)
        if due > self.now:
            is_event = isinstance(node.step, WaitForStep)
            return self.stop(ReasonCode.WAITS_FOR_EVENT if is_event else ReasonCode.WAITS, due=due)
        return None

    def _act(self, node: Node) -> Advance | None:
        step = node.step
        match step:
            case SendStep():
                ends = end_of(self.program, node, self.enrollment, self.lead, self.mailing)
                due = due_of(node, ends, self.enrollment, self.lead, self.mailing)
                topic = step.topic or self.program.topic
                self.effects.append(SendEmail(step.id, step, topic, due, valid_until(step, due), node.next[0]))
                return self.stop(ReasonCode.SEND, due=self.now)
            case EndStep():
                return self.end(step.end, ReasonCode.DONE)
            case WaitStep():
                self.leave(ReasonCode.WAIT_OVER, node.next[0])
            case WaitForStep():
                self.leave(ReasonCode.TIMEOUT, node.next[1])
            case BranchStep() | SplitStep() | HoldoutStep():
                choice = choose(step, self.program.id, self.enrollment, self.lead)
                self.enrollment = replace(self.enrollment, arms={**self.enrollment.arms, **choice.arms})
                self.leave(choice.code, node.next[choice.exit], choice.detail)
            case _:
                self.effects += effects_of(step, self.program, self.enrollment, self.lead, self.now)
                self.leave(ReasonCode.DONE, node.next[0])
        return None

    def _say(self, code: ReasonCode, detail: str = "") -> None:
        index = self.enrollment.node
        step = self.program.nodes[index].id if index < self.program.end else END
        self.reasons.append(Reason(code, step, self.program.version, detail))
