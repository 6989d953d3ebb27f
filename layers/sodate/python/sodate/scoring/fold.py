"""The score: a pure fold over the activity log, one activity at a time, and over nothing but the time between them.

The log is folded in its own order (time, then key). What comes out of that order is not guessed: `Late` says that the
log must be folded again from its beginning, which gives the same whoever asks and however often (docs/scoring.md).
"""

import sys
from collections.abc import Callable, Iterable
from datetime import datetime

from sodate.activities.activity import NOT_BY_THE_LEAD, Activity
from sodate.conditions.evaluate import About, evaluate, matcher, on_profile
from sodate.conditions.language import (
    ActivityTest,
    AttributeTest,
    Condition,
    Inactive,
    Not,
    RankTest,
    ScoreTest,
    Test,
    parts,
    tests,
)
from sodate.leads.lead import Profile, Totals
from sodate.scoring.counting import DAY, Counting
from sodate.scoring.memory import Counted, Memory, Stage
from sodate.scoring.rules import RuleSet
from sodate.scoring.view import Line, View, behaviour_of, reader_of, total_of

#: Corrections and verdicts are folded by number and name of their own.
ADJUSTED, JUDGED = "score_adjusted", "activity_judged"
_STAGES: dict[str, Stage] = {
    "sales_accepted": "sql", "meeting_set": "sql", "sales_rejected": "rejected", "deal_won": "customer",
    "deal_lost": "lost",
}  # fmt: skip
_OF_PEOPLE = frozenset({*_STAGES, ADJUSTED, JUDGED})
_BEFORE_SALES = ("lead", "rejected", "lost")
_ATTRIBUTE_TESTS = 1000
_LETTERS = "ABC"


class Late(Exception):
    """This activity belongs before one that is folded already: fold the whole log again."""


Recorder = Callable[[int, Activity], None]


class Fold:
    """A rule set, prepared. Make it once per version and process; it holds nothing of any lead."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._counting = {
            number: Counting(number, rule, rule.when, rules)
            for number, rule in enumerate(rules.rules)
            if isinstance(rule.when, ActivityTest)
        }
        self._attribute_rules = [number for number in range(len(rules.rules)) if number not in self._counting]
        self._group_caps = {group.id: group.max_points for group in rules.groups}
        self._conditions: list[Condition] = [
            condition
            for condition in (rules.hot.needs, *(c for p in rules.phases for c in (p.when, p.falls_back_when)))
            if condition is not None
        ]
        asked = [test for condition in self._conditions for test in tests(condition)]
        self._activity_tests = list(dict.fromkeys(test for test in asked if isinstance(test, ActivityTest)))
        self._attribute_tests = list(dict.fromkeys(test for test in asked if isinstance(test, AttributeTest)))
        self._score_tests = list(dict.fromkeys(test for test in asked if isinstance(test, ScoreTest)))
        self._numbers: dict[Test, int] = {
            **{test: number for number, test in enumerate(self._activity_tests)},
            **{test: _ATTRIBUTE_TESTS + number for number, test in enumerate(self._attribute_tests)},
        }
        self._inactive_days = [test.inactive_for_days for test in asked if isinstance(test, Inactive)]
        self._by_type = self._index()
        self._needs_seen = bool(self._inactive_days) or any(one.absence is not None for one in self._counting.values())
        self._fades = any(one.half_life is not None for one in self._counting.values())
        self._turns_by_time = any(phase.falls_back_when is not None for phase in rules.phases) or any(
            _may_become_true(condition) for condition in self._conditions
        )
        self._plain_totals = not self._group_caps
        self._no_bounds = rules.floor is None and rules.ceiling is None

    def _index(self) -> dict[str, list[tuple[Callable[[About], bool] | None, Counting | None, int]]]:
        found: dict[str, list[tuple[Callable[[About], bool] | None, Counting | None, int]]] = {}
        for number, one in self._counting.items():
            found.setdefault(one.activity, []).append((one.matches, one, number))
        for number, test in enumerate(self._activity_tests):
            found.setdefault(test.activity, []).append((matcher(test), None, number))
        return found

    # -- the log ------------------------------------------------------------------------------------------------------
    def matters(self, activity: Activity) -> bool:
        """Whether it can change anything; what cannot need not be remembered."""
        type_ = activity.type
        return type_ in self._by_type or type_ in _OF_PEOPLE or self._needs_seen

    def add(self, memory: Memory, activity: Activity, recorder: Recorder | None = None) -> None:
        """Fold one activity. Raises `Late` when it is not newer than all that was folded, or changes the past."""
        last, minute = activity.position, activity.minute
        if last <= memory.last or minute < memory.now or activity.type == JUDGED or activity.key in memory.robots:
            raise Late
        self._add(memory, activity, minute, recorder)
        memory.last = last

    def _add(self, memory: Memory, activity: Activity, minute: int, recorder: Recorder | None) -> None:
        if minute > memory.now:
            if self._may_turn(memory):
                self.settle(memory, minute)
            memory.now = minute
        type_ = activity.type
        changed = self._counted(memory, activity, minute, recorder)
        if type_ not in NOT_BY_THE_LEAD:
            memory.seen = minute
        elif type_ in _OF_PEOPLE:
            self._people_said(memory, activity, minute)
            changed = True
        if changed or self._turns_by_time:
            self._classify(memory, minute, type_)

    def _counted(self, memory: Memory, activity: Activity, minute: int, recorder: Recorder | None) -> bool:
        """Whether any rule or test took notice."""
        changed = False
        for matches, rule, number in self._by_type.get(activity.type, ()):
            if matches is not None and not matches(activity.about):
                continue
            if rule is None:
                self._met(memory, number, minute)
                changed = True
                continue
            held = memory.counted.get(number)
            if held is None:
                held = memory.counted[number] = Counted(at=minute)
            if rule.count(held, minute, memory.seen):
                changed = True
                if recorder is not None:
                    recorder(number, activity)
        return changed

    def _met(self, memory: Memory, number: int, minute: int) -> None:
        """Only as many moments as the test asks for are remembered."""
        held = memory.met.setdefault(number, [0])
        held[0] += 1
        held.append(minute)
        del held[1 : len(held) - self._activity_tests[number].times]

    @staticmethod
    def _people_said(memory: Memory, activity: Activity, minute: int) -> None:
        if activity.type == ADJUSTED:
            points = int(activity.about.get("points", 0))
            memory.adjusted_plus += max(points, 0)
            memory.adjusted_minus += min(points, 0)
        elif activity.type in _STAGES:
            memory.stage, memory.stage_since = _STAGES[activity.type], minute

    def replay(
        self, profile: Profile, log: Iterable[Activity], now: datetime, recorder: Recorder | None = None
    ) -> Memory:
        """The whole log from its beginning. Judged activities count as the last verdict says."""
        ordered = self._ordered(log)
        verdicts = {str(a.about.get("of")): a.about.get("verdict") for a in ordered if a.type == JUDGED}
        robots = {key for key, verdict in verdicts.items() if verdict == "robot"}
        counting = [activity for activity in ordered if activity.key not in robots]
        began = int(datetime.fromisoformat(profile.created).timestamp()) // 60 if profile.created else 0
        if counting:
            began = min(began or sys.maxsize, counting[0].minute)
        awaited = tuple(sorted(robots - {activity.key for activity in ordered}))
        memory = Memory(now=began, held=self.attributes(profile), robots=awaited)
        self._classify(memory, began, "profile")
        for activity in counting:
            self._add(memory, activity, activity.minute, recorder)
        if ordered:  # what does not count was seen too: a repeat of it must not be folded on top
            memory.last = ordered[-1].position
        self.settle(memory, int(now.timestamp()) // 60)
        return memory

    def _ordered(self, log: Iterable[Activity]) -> list[Activity]:
        """What matters, each once, in the order of the log."""
        return sorted({(a.at, a.key): a for a in log if self.matters(a)}.values(), key=_order)

    # -- the profile --------------------------------------------------------------------------------------------------
    def attributes(self, profile: Profile) -> frozenset[int]:
        def holds(test: Test) -> bool:
            return isinstance(test, AttributeTest) and on_profile(test, profile)

        rules = {number for number in self._attribute_rules if evaluate(self.rules.rules[number].when, holds)}
        return frozenset(rules | {self._numbers[test] for test in self._attribute_tests if holds(test)})

    # -- time ---------------------------------------------------------------------------------------------------------
    def settle(self, memory: Memory, minute: int) -> None:
        """Let time pass up to that minute: whoever cools on the way is cooled."""
        if minute <= memory.now:
            return
        if self._turns_by_time:
            if self._answers(memory, memory.now) == self._answers(memory, minute):
                memory.now = minute  # no test changed its answer, and none can do so twice
                return
            while (turn := self.next_turn(memory)) is not None and turn <= minute:
                memory.now = turn
                self._classify(memory, turn, "time")
        elif self._may_turn(memory):
            self._classify(memory, minute, "time")
        memory.now = minute

    def _may_turn(self, memory: Memory) -> bool:
        """Without phases that time can change, only who fades, and is hot or engaged, can fall."""
        return self._turns_by_time or (self._fades and (memory.hot or memory.rank[1] != "3"))

    def _answers(self, memory: Memory, minute: int) -> tuple[object, ...]:
        view = self.view(memory, minute)
        asked = _Asked(self, memory, minute, "")
        within = [asked.holds(test) for test in self._activity_tests if test.within_days is not None]
        inactive = [minute - memory.seen >= days * DAY for days in self._inactive_days]
        return (*[total(view) >= bound for total, bound in self._bounds(memory)], *within, *inactive)

    def next_turn(self, memory: Memory) -> int | None:
        """The first minute after `memory.now` at which the class changes although nothing happens; None: never."""
        if not self._may_turn(memory):
            return None
        at = memory.now
        is_now = self.class_of(memory, at)
        for minute in sorted(self._flips(memory, at)):
            if minute > at and self.class_of(memory, minute) != is_now:
                return minute
        return None

    def _flips(self, memory: Memory, at: int) -> set[int]:
        """Every minute at which a test may change its answer. Each does so once at most: totals only fall."""
        found = {memory.seen + days * DAY for days in self._inactive_days} if memory.seen else set()
        for number, test in enumerate(self._activity_tests):
            held = memory.met.get(number)
            if held and test.within_days is not None and len(held) > test.times:
                found.add(held[-test.times] + test.within_days * DAY)
        for total, bound in self._bounds(memory):
            flip = self._falls_below(memory, total, bound, at)
            if flip is not None:
                found.add(flip)
        return found

    def _bounds(self, memory: Memory) -> list[tuple[Callable[[View], int], float]]:
        cuts = self.rules.rank.engagement
        found: list[tuple[Callable[[View], int], float]] = [
            (behaviour_of, float(cuts.best)),
            (behaviour_of, float(cuts.middle)),
        ]
        if memory.hot:
            found.append((total_of, float(self.rules.hot.cool_below)))
        for test in self._score_tests:
            found += [(reader_of(test), bound) for bound in (test.at_least, test.less_than) if bound is not None]
        return found

    def _falls_below(self, memory: Memory, total: Callable[[View], int], bound: float, at: int) -> int | None:
        if total(self.view(memory, at)) < bound:
            return None
        gone = max((self._counting[number].gone_after(held, at) for number, held in memory.counted.items()), default=at)
        if total(self.view(memory, gone)) >= bound:
            return None
        low, high = at, gone
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if total(self.view(memory, middle)) < bound else (middle, high)
        return high

    def holds(self, condition: Condition, memory: Memory) -> bool:
        """Whether one of the rule set's own conditions holds for that lead now."""
        return evaluate(condition, _Asked(self, memory, memory.now, memory.rank).holds)

    def half_life(self, number: int) -> float | None:
        """In minutes; None for what does not fade."""
        rule = self._counting.get(number)
        return rule.half_life if rule is not None else None

    # -- totals -------------------------------------------------------------------------------------------------------
    def view(self, memory: Memory, minute: int) -> View:
        lines = self._lines(memory, minute)
        overall, categories = [0, 0, 0, 0], dict[str, list[int]]()
        for line in lines:
            rule = self.rules.rules[line.rule]
            kind = (2 if line.rule in self._counting else 0) + (rule.points < 0)
            overall[kind] += line.points
            if rule.category is not None:
                categories.setdefault(rule.category, [0, 0, 0, 0])[kind] += line.points
        overall[2] += memory.adjusted_plus
        overall[3] += memory.adjusted_minus
        return View(
            tuple(lines),
            {name: Totals(*values) for name, values in categories.items()},
            Totals(*overall),
            self._within(sum(overall)),
        )

    def _lines(self, memory: Memory, minute: int) -> list[Line]:
        left = dict(self._group_caps)
        found = []
        for number in sorted([*(n for n in memory.held if n < _ATTRIBUTE_TESTS), *memory.counted]):
            rule, held = self.rules.rules[number], memory.counted.get(number)
            points = self._counting[number].worth(held, minute) if held is not None else rule.points
            given = points
            if rule.group is not None:
                given = max(-left[rule.group], min(points, left[rule.group]))
                left[rule.group] -= abs(given)
            if points or held is None or held.times:
                found.append(Line(number, given, points, held.times if held is not None else 1))
        return found

    def _within(self, total: int) -> int:
        floor, ceiling = self.rules.floor, self.rules.ceiling
        if floor is not None and total < floor:
            return floor
        return ceiling if ceiling is not None and total > ceiling else total

    def _sums(self, memory: Memory, minute: int) -> tuple[int, int]:
        """Attribute and behaviour totals: `view` for whoever is in a hurry."""
        if not self._plain_totals:
            overall = self.view(memory, minute).overall
            return overall.attribute_plus + overall.attribute_minus, overall.behaviour_plus + overall.behaviour_minus
        rules, counting = self.rules.rules, self._counting
        fit = sum([rules[number].points for number in memory.held if number < _ATTRIBUTE_TESTS])
        behaviour = memory.adjusted_plus + memory.adjusted_minus
        for number, held in memory.counted.items():
            behaviour += counting[number].worth(held, minute)
        return fit, behaviour

    # -- classes ------------------------------------------------------------------------------------------------------
    def class_of(self, memory: Memory, minute: int) -> tuple[bool, str, int]:
        """Hot or not, rank, and the number of the phase."""
        fit, behaviour = self._sums(memory, minute)
        rank = _LETTERS[self.rules.rank.fit.class_of(fit)] + "123"[self.rules.rank.engagement.class_of(behaviour)]
        total = fit + behaviour if self._no_bounds else self._within(fit + behaviour)
        asked = _Asked(self, memory, minute, rank, total)
        return self._is_hot(memory, total, asked), rank, self._phase(memory, asked)

    def _is_hot(self, memory: Memory, total: int, asked: "_Asked") -> bool:
        hot = self.rules.hot
        if memory.hot:
            return total >= hot.cool_below
        return total >= hot.threshold and (hot.needs is None or evaluate(hot.needs, asked.holds))

    def _phase(self, memory: Memory, asked: "_Asked") -> int:
        phases, now = self.rules.phases, memory.phase
        for number in range(len(phases) - 1, now, -1):
            if self._enters(number, asked):
                return number
        back = phases[now].falls_back_when
        if back is not None and evaluate(back, asked.holds):
            return next((number for number in range(now - 1, 0, -1) if self._enters(number, asked)), 0)
        return now

    def _enters(self, number: int, asked: "_Asked") -> bool:
        """Whoever would fall back at once does not enter."""
        phase = self.rules.phases[number]
        if phase.when is None or not evaluate(phase.when, asked.holds):
            return False
        return phase.falls_back_when is None or not evaluate(phase.falls_back_when, asked.holds)

    def _classify(self, memory: Memory, minute: int, why: str) -> None:
        hot, memory.rank, phase = self.class_of(memory, minute)
        if hot and not memory.hot:
            memory.rises.append(minute)
            if memory.stage in _BEFORE_SALES:
                memory.stage, memory.stage_since = "mql", minute
        memory.hot = hot
        if phase != memory.phase:
            memory.enter(phase, minute, why)


class _Asked:
    """What the tests of a rule set's own conditions mean for one lead at one minute."""

    __slots__ = ("_fold", "_memory", "_minute", "_rank", "_total", "_view")

    def __init__(self, fold: Fold, memory: Memory, minute: int, rank: str, total: int | None = None) -> None:
        self._fold, self._memory, self._minute, self._rank, self._total = fold, memory, minute, rank, total
        self._view: View | None = None

    def holds(self, test: Test) -> bool:
        memory = self._memory
        if isinstance(test, ScoreTest):
            if self._total is not None and test.score == "total" and test.category is None:
                return test.includes(self._total)
            if self._view is None:
                self._view = self._fold.view(memory, self._minute)
            return test.includes(reader_of(test)(self._view))
        if isinstance(test, ActivityTest):
            held = memory.met.get(self._fold._numbers[test])
            if held is None or held[0] < test.times:
                return False
            return test.within_days is None or self._minute - held[-test.times] < test.within_days * DAY
        if isinstance(test, AttributeTest):
            return self._fold._numbers[test] in memory.held
        if isinstance(test, Inactive):
            return bool(memory.seen) and self._minute - memory.seen >= test.inactive_for_days * DAY
        return isinstance(test, RankTest) and self._rank in test.rank


def _order(activity: Activity) -> tuple[int, str]:
    """As the log's sort keys do: by milliseconds, then by key."""
    return int(activity.at.timestamp() * 1000), activity.key


def _may_become_true(condition: Condition) -> bool:
    """By time alone. Totals only fall, and nobody becomes more active by waiting."""
    for test in tests(condition):
        if isinstance(test, Inactive | RankTest) or (isinstance(test, ScoreTest) and test.less_than is not None):
            return True
    return _has_not(condition)


def _has_not(condition: Condition) -> bool:
    return isinstance(condition, Not) or any(_has_not(part) for _, part in parts(condition))
