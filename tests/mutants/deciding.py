"""Seeded bugs of issue 10: facts, membership, back-fill, waits, engine, assignment."""

from tests.mutants.mutants import Mutant, _mutant

_FOLLOWS = "tests/store/test_segments_follow_the_log.py"
_SEGMENTS = "tests/functions/test_segments.py"
_WAITS = "tests/unit/scenarios/test_waits.py"

DECIDING: tuple[Mutant, ...] = (
    _mutant(
        "facts-keep-one-match",
        "facts/fold.py",
        "predicate = _Predicate(key, max(test.times for test in same), matcher(same[0]))",
        "predicate = _Predicate(key, min(test.times for test in same), matcher(same[0]))",
        "of two segments with the same activity the stricter one has no members",
        tests="tests/unit/facts/test_fold.py",
    ),
    _mutant(
        "robots-count-as-facts",
        "facts/fold.py",
        "            if activity.key in robots:\n                facts.last = activity.position\n            else:\n",
        "            if False:\n                facts.last = activity.position\n            else:\n",
        "a robot's clicks put leads into segments",
        tests="tests/unit/facts/test_fold.py",
    ),
    _mutant(
        "late-activity-is-added",
        "facts/fold.py",
        "        if activity.position <= facts.last or activity.type == _JUDGED or activity.key in facts.robots:\n",
        "        if activity.type == _JUDGED or activity.key in facts.robots:\n",
        "a redelivered activity counts twice",
        tests=_FOLLOWS,
    ),
    _mutant(
        "window-ends-unseen",
        "facts/evaluation.py",
        "        yield found.latest[-test.times] + test.within_days * DAY\n",
        "        yield found.latest[-1] + 10 * test.within_days * DAY\n",
        "nobody leaves a segment when its window ends",
        tests=_FOLLOWS,
    ),
    _mutant(
        "inactivity-unseen",
        "facts/evaluation.py",
        "        yield view.facts.seen + test.inactive_for_days * DAY\n",
        "        yield 0\n",
        "nobody falls asleep",
        tests=_FOLLOWS,
    ),
    _mutant(
        "date-range-ends-late",
        "facts/evaluation.py",
        "                yield from _midnight(view, day, 1 - days)\n",
        "                yield from _midnight(view, day, 3 - days)\n",
        "a renewal that is over stays near",
        tests=_FOLLOWS,
    ),
    _mutant(
        "profile-changes-no-score",
        "segments/follow.py",
        "changed = {PROFILE, SCORE} if occasion.profile_changed",
        "changed = {PROFILE} if occasion.profile_changed",
        "points of a changed title move the lead into no segment",
        tests=_FOLLOWS,
    ),
    _mutant(
        "references-are-not-followed",
        "segments/membership.py",
        "            if decision.look_at(segment):\n",
        "            if decision.look_at(segment) and changed is None:\n",
        "a segment of segments stays as it was",
        tests=_FOLLOWS,
    ),
    _mutant(
        "backfill-announces",
        "segments/follow.py",
        "        if occasion.is_refill and not occasion.announce:\n",
        "        if False:\n",
        "an edit of a segment starts a scenario for everybody",
        tests=_SEGMENTS,
    ),
    _mutant(
        "edit-announces-with-the-next-activity",
        "segments/follow.py",
        "        if occasion.announce or not log:\n            return facts, ()\n",
        "        if True:\n            return facts, ()\n",
        "an edit of a segment starts a scenario for whoever clicks next",
        tests=_SEGMENTS,
    ),
    _mutant(
        "members-are-not-listed",
        "segments/follow.py",
        "member_write(lead_id, segment, minute if entered else None)",
        "member_write(lead_id, segment, minute)",
        "the list of members has those who left",
        tests=_SEGMENTS,
    ),
    _mutant(
        "past-date-is-ignored",
        "scenarios/waits.py",
        "    return Due(at) if at >= entered else Past(wait.already_past)\n",
        "    return Due(at)\n",
        "a reminder for last month's seminar",
        tests=_WAITS,
    ),
)
