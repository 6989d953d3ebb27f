"""Figure 10: many senders at once never exceed SES's rate in any second, use nearly all of it, and lose nobody."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from benchmarks import sample
from benchmarks.fleet import FaultProfile, Fleet, HandOver, fleet

#: Mails a second → seconds' worth of mails that are due at once.
RATES = {1: 180, 5: 150, 14: 120, 50: 90, 200: 60, 1000: 15, 5000: 4}
#: These also in weather in which SES throttles although nobody was too fast: does everybody still get the mail?
ROUGH_RATES = {14: 60, 200: 15}
_ROUGH = FaultProfile(throttled_calls=0.01, throttled_entries=0.002)
_SECOND = timedelta(seconds=1)
#: Throttled mails come back through the due index, one more throttling included.
_MINUTES_MORE = 12


def measure(rates: Mapping[int, int] = RATES, rough: Mapping[int, int] = ROUGH_RATES, seed: int = 1) -> dict[str, Any]:
    calm = {str(rate): _at(rate, rate * seconds, seed, FaultProfile()) for rate, seconds in rates.items()}
    throttled = {str(rate): _at(rate, rate * seconds, seed, _ROUGH) for rate, seconds in rough.items()}
    every = [*calm.values(), *throttled.values()]
    return {
        "rates": calm,
        "throttled": throttled,
        "largest_window": max(one["largest_window"] for one in every),
        "mean": min(one["mean"] for one in calm.values()),
        "lost": sum(one["lost"] for one in every),
        "twice": sum(one["twice"] for one in every),
    }


def _at(rate: int, leads: int, seed: int, fault_profile: FaultProfile) -> dict[str, Any]:
    with fleet(seed, fault_profile, sample.START) as here:
        here.cloud.ask("set_rate", float(rate))
        here.ours.lay_out_together(leads)
        minute = here.ours.next_minute()
        assert minute is not None
        here.ours.go_to(minute)
        here.tick_every_minute(minute, leads // (rate * 60) + _MINUTES_MORE)
        here.time.run()
        return {**figures(here.handed_over, rate), **_everybody(here, leads), "senders": here.most_at_once}


def _everybody(here: Fleet, leads: int) -> dict[str, int]:
    took = Counter(lead for call in here.handed_over for lead in call.taken)
    return {"mails": took.total(), "lost": leads - len(took), "twice": took.total() - len(took)}


def figures(calls: list[HandOver], rate: float) -> dict[str, float]:
    """Shares of the rate: the fullest second, however it lies, and the mean while there was enough to send.

    The queue needs seconds to bring the first ones, and what was throttled comes minutes later: the mean is over the
    eight tenths in between.
    """
    calls = sorted(calls, key=lambda call: call.at)
    return {
        "largest_window": round(largest_window(calls) / max(rate, 1), 4),
        "mean": round(_mean(calls) / rate, 4),
        "calls": len(calls),
        "bulk": max(call.mails for call in calls),
    }


def largest_window(calls: list[HandOver]) -> int:
    """Most mails handed over in any half-open second [t, t + 1 s); `calls` in order of time."""
    times = [call.at for call in calls]
    before = [0, *accumulate(call.mails for call in calls)]
    return max(before[bisect_left(times, at + _SECOND)] - before[n] for n, at in enumerate(times))


def _mean(calls: list[HandOver]) -> float:
    """Mails a second from the call at one tenth of the mails to the one at nine tenths."""
    ends, total = list(accumulate(call.mails for call in calls)), sum(call.mails for call in calls)
    first, last = bisect_left(ends, 0.1 * total), bisect_left(ends, 0.9 * total)
    return (ends[last] - ends[first]) / _seconds(calls[first].at, calls[last].at)


def _seconds(begin: datetime, end: datetime) -> float:
    return max((end - begin).total_seconds(), 1e-9)
