"""`python -m tests.simulation --seeds N --seed-base K`: many histories, ours beside two other designs.

A line for each broken history on stderr, one table, and every figure as JSON.
"""

import argparse
import gc
import io
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.abuse import Result as Abused
    from tests.simulation.bad_ses import Result as BadTimes
    from tests.simulation.broadcast import Result as Broadcast
    from tests.simulation.dead_letters import Result as BadDays
    from tests.simulation.experiments import Result as Experiments
    from tests.simulation.fact_days import Result as FactDays
    from tests.simulation.history import Result
    from tests.simulation.interleavings import Found as Orders
    from tests.simulation.kpi_days import Result as KpiDays
    from tests.simulation.old_release import Result as Mixed
    from tests.simulation.rotation import Result as Rotations
    from tests.simulation.scenario_days import Result as ScenarioDays

OUTPUT = Path("build/simulation.json")
#: `bad_ses.COUNT`, which cannot be imported before the environment is set.
BAD_TIMES = 12
_COLUMNS = (
    "planned", "double_sends", "histories_with_a_double", "most_of_one", "lost", "silent_losses", "sdk_requests",
)  # fmt: skip


#: So many orders of a sender and a stop are tried for each history, in chunks that share one world.
_ORDERS_A_SEED, _A_CHUNK = 8, 40


@dataclass
class Tally:
    """What all histories came to; `designs` has ours first."""

    broken: dict[str, list[str]] = field(default_factory=dict)
    figures: Counter[str] = field(default_factory=Counter)
    worst: dict[str, int] = field(default_factory=dict)
    """Of the bad times of SES; apart from `figures`, which drops what is 0."""
    designs: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, result: "Result", peers: dict[str, Counter[str]]) -> None:
        self.figures += result.figures
        for name, figures in {"sodate": _comparable(result.figures), **peers}.items():
            total = self.designs.setdefault(name, Counter())
            most = max(total.pop("most_of_one", 0), figures.pop("most_of_one", 0))
            self.designs[name] = total + figures
            self.designs[name]["most_of_one"] = most
        self.note(f"seed {result.seed}", result.broken)

    def add_worst(self, bad_time: "BadTimes") -> None:
        for figure, value in bad_time.figures.items():
            self.worst[figure] = max(self.worst.get(figure, 0), value)
        self.note(bad_time.name, bad_time.broken)

    def add_named(self, prefix: str, where: str, figures: Mapping[str, int], broken: list[str]) -> None:
        """`prefix`: of the names of the figures."""
        self.figures += Counter({f"{prefix}{name}": count for name, count in figures.items()})
        self.note(where, broken)

    def note(self, where: str, broken: list[str]) -> None:
        if broken:
            self.broken[where] = broken
            print(f"{where}: {'; '.join(broken[:3])}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--seed-base", type=int, default=1)
    parser.add_argument("--trace", action="store_true", help="print what happened in the first seed")
    parser.add_argument("--abusive-posts", type=int, default=100_000, help="posts of the hour of abuse")
    parser.add_argument("--aa-experiments", type=int, default=2_000, help="A/A experiments of each kind")
    parser.add_argument("--broadcast-leads", type=int, default=2_000, help="recipients of the broadcast on a bad day")
    wanted = parser.parse_args()
    quiet_environment()
    seeds = range(wanted.seed_base, wanted.seed_base + wanted.seeds)
    if wanted.trace:
        from tests.simulation.history import play

        print("\n".join(play(seeds[0]).trace))
    began, tally = time.monotonic(), Tally()
    with ProcessPoolExecutor(os.cpu_count(), initializer=_say_nothing) as pool:
        abused = pool.submit(_abuse, seeds[0], wanted.abusive_posts)  # the longest: it begins first
        broadcast = pool.submit(_broadcast, seeds[0], wanted.broadcast_leads)
        experiments = pool.submit(_experiments, seeds[0], wanted.aa_experiments)
        histories = pool.map(_play_all, seeds, chunksize=10)
        orders = pool.map(_explore, range(seeds[0], seeds[0] + max(1, len(seeds) // _A_CHUNK)))
        forged = pool.map(_forge, range(seeds[0], seeds[0] + 10), [len(seeds) // 2] * 10)
        for result, peers in histories:
            tally.add(result, peers)
        first = seeds[0]
        for prefix, name, played in (
            ("", "rotation", pool.map(_rotate, range(first, first + max(20, len(seeds) // 20)))),
            ("", "old release", pool.map(_mix_releases, range(first, first + max(10, len(seeds) // 40)))),
            ("scenarios_", "scenario days", pool.map(_scenario_days, seeds, chunksize=10)),
            ("facts_", "fact days", pool.map(_fact_days, seeds, chunksize=5)),
            ("kpis_", "kpi days", pool.map(_kpi_days, range(first, first + max(20, len(seeds) // 4)), chunksize=5)),
            ("", "dead letters", pool.map(_redrive, range(first, first + max(20, len(seeds) // 20)))),
        ):
            for one in played:
                tally.add_named(prefix, f"{name} {one.seed}", one.figures, one.broken)
        for bad_time in pool.map(_bad_ses, range(BAD_TIMES)):
            tally.add_worst(bad_time)
        tally.figures += abused.result().figures
        tally.note("abuse", abused.result().broken)
        tally.add_named("broadcast_", "broadcast", broadcast.result().figures, broadcast.result().broken)
        tally.add_named("experiments_", "experiments", experiments.result().figures, experiments.result().broken)
        for number, found in enumerate(orders):
            tally.figures += found.figures
            tally.note(f"orders {seeds[0] + number}", found.broken)
        tally.figures["forged_links_accepted"] = sum(forged)
        tally.figures["forged_links"] = 10 * (len(seeds) // 2)
    _count_sdk_requests(tally)
    report = _report(tally, seeds, time.monotonic() - began)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print("\n".join(_table(tally)))
    print(json.dumps({name: value for name, value in report.items() if isinstance(value, int | float)}))
    return 1 if tally.broken or tally.figures["forged_links_accepted"] else 0


def _play_all(seed: int) -> tuple["Result", dict[str, Counter[str]]]:
    from tests.simulation import peers
    from tests.simulation.history import play

    result = play(seed)
    result.trace.clear()  # too long to travel between processes
    return result, {name: peers.play(name, seed) for name in peers.DESIGNS}


def _explore(seed: int) -> "Orders":
    from tests.simulation.interleavings import explore

    return explore(seed, _A_CHUNK * _ORDERS_A_SEED)


def _broadcast(seed: int, leads: int) -> "Broadcast":
    from tests.simulation.broadcast import play

    return play(seed, leads)


def _experiments(seed: int, count: int) -> "Experiments":
    from tests.simulation.experiments import play

    return play(seed, count)


def _scenario_days(seed: int) -> "ScenarioDays":
    from tests.simulation.scenario_days import play

    return play(seed)


def _fact_days(seed: int) -> "FactDays":
    from tests.simulation.fact_days import play

    return play(seed)


def _kpi_days(seed: int) -> "KpiDays":
    from tests.simulation.kpi_days import play

    return play(seed)


def _rotate(seed: int) -> "Rotations":
    from tests.simulation.rotation import play

    return play(seed)


def _mix_releases(seed: int) -> "Mixed":
    from tests.simulation.old_release import play

    return play(seed)


def _redrive(seed: int) -> "BadDays":
    from tests.simulation.dead_letters import play

    return play(seed)


def _bad_ses(number: int) -> "BadTimes":
    from tests.simulation.bad_ses import play

    return play(number)


def _abuse(seed: int, posts: int) -> "Abused":
    from tests.simulation.abuse import play

    return play(seed, posts)


def _forge(seed: int, count: int) -> int:
    from tests.support.forgery import forge

    return forge(seed, count)


def _comparable(figures: Counter[str]) -> Counter[str]:
    """Of ours what the peers can be asked too. `lost` here is listed for a person (`sodate sends unknown`)."""
    return Counter(
        planned=figures["planned_marketing"],
        double_sends=figures["double_marketing_mails"],
        histories_with_a_double=int(figures["double_marketing_mails"] > 0),
        lost=figures["unknown_and_not_sent"] + figures["silent_losses"],
        silent_losses=figures["silent_losses"],
        most_of_one=figures["most_of_one"],
    )


def _count_sdk_requests(tally: Tally) -> None:
    """The most requests that one call makes by itself, over a time-out, a reset, a 5xx and a 429."""
    from sodate.runtime.aws import BotoClients

    from tests.simulation import sdk

    default, ours = sdk.default_client(), BotoClients().ses()
    counted = {
        "sodate": max(sdk.requests_per_call(ours, failure) for failure in sdk.FAILURES),
        "decorator": max(sdk.requests_per_call(default, failure) for failure in sdk.FAILURES),
        "decorator, 1 attempt": 1,
        "cursor": 1,
    }
    for name, requests in counted.items():
        tally.designs[name]["sdk_requests"] = requests


def _report(tally: Tally, seeds: range, seconds: float) -> dict[str, Any]:
    figures = tally.figures
    return {
        "seeds": len(seeds),
        "seed_base": seeds[0],
        "seconds": round(seconds, 1),
        "seeds_per_second": round(len(seeds) / seconds, 1),
        "broken": len(tally.broken),
        "broken_seeds": tally.broken,
        "double_marketing_mails": figures["double_marketing_mails"],
        "lost_leads": figures["lost_leads"],
        "silent_losses": figures["silent_losses"],
        "mails_after_opt_out": figures["mails_after_opt_out"],
        "orders_judged": figures["orders"] + figures["orders_in_histories"],
        "unknown_listed": figures["unknown_ever"],
        "unknown_repeated": figures["unknown_repeated"],
        "unknown_settled_by_a_late_event": _share(figures["unknown_settled"], figures["unknown_with_an_event"]),
        "rises_to_hot": figures["rises"],
        "signals": figures["signals"],
        "forged_links": figures["forged_links"],
        "forged_links_accepted": figures["forged_links_accepted"],
        "rotation_fresh_links_read": figures["rotation_fresh_links_read"],
        "rotation_links_refused": figures["rotation_fresh_links_refused"] + figures["rotation_older_links_refused"],
        "next_release_applied": figures["next_release_applied"],
        "stream_letters_redriven": figures["stream_letters_redriven"],
        "doubles_while_reports_are_late_or_lost": figures["doubles_late"] + figures["doubles_lossy"],
        "attempts_made_again": figures["attempts_made_again"],
        "never_left_while_valid": figures["never_left_while_valid"],
        "never_left_listed": figures["never_left_listed"],
        **dict(sorted(tally.worst.items())),
        "abusive_posts": figures["abusive_posts"],
        "abuse_most_opt_in_emails_of_a_mailbox_and_day": figures["abuse_most_opt_in_emails_of_a_mailbox_and_day"],
        "abuse_minutes_marketing_held": figures["abuse_minutes_marketing_held"],
        "abuse_posts_lost": figures["abuse_posts_lost"],
        "sdk_requests_per_call": tally.designs["sodate"]["sdk_requests"],
        "designs": {name: {column: found[column] for column in _COLUMNS} for name, found in tally.designs.items()},
        "figures": dict(sorted(figures.items())),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def _table(tally: Tally) -> Iterator[str]:
    titles = [column.replace("_", " ") for column in _COLUMNS]
    yield f"{'':20}" + "".join(f"  {title}" for title in titles)
    for name, found in tally.designs.items():
        numbers = zip(titles, _COLUMNS, strict=True)
        yield f"{name:20}" + "".join(f"  {found[column]:>{len(title)},}" for title, column in numbers)


def quiet_environment() -> None:
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        "POWERTOOLS_SERVICE_NAME": "simulation",
    }


def _say_nothing() -> None:
    """The functions' own metric lines are of no interest here. Hardly anything is garbage before its history ends."""
    sys.stdout = io.StringIO()
    gc.set_threshold(100_000, 50, 50)


if __name__ == "__main__":
    sys.exit(main())
