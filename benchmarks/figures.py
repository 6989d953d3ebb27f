"""The figures that were promised (`3.6`: issue 3, figure 6). One that is not reached is printed as such."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    number: str
    name: str
    value: float | None
    """None: not measured in this run."""
    target: str
    reached: bool | None


def _at_most(number: int, name: str, value: float | None, limit: float, issue: int = 3) -> Figure:
    return Figure(f"{issue}.{number}", name, value, f"≤ {limit:g}", None if value is None else value <= limit)


def _at_least(number: int, name: str, value: float | None, limit: float, issue: int = 3) -> Figure:
    return Figure(f"{issue}.{number}", name, value, f"≥ {limit:g}", None if value is None else value >= limit)


def figures(found: Json) -> list[Figure]:
    """From the parts measured; parts that are missing leave their figures out."""
    made: dict[str, Callable[[Json], list[Figure]]] = {
        "throughput": _throughput,
        "events": _events,
        "ticks": _ticks,
        "hot_minute": _hot_minute,
        "pacing": _pacing,
        "lateness": _lateness,
        "scoring": _scoring,
        "imports": _imports,
        "segments": _segments,
        "rehearsal": _rehearsal,
        "scenario": _scenario,
        "backfill": _backfill,
        "web_events": _web_events,
        "robot_verdicts": _robot_verdicts,
        "kpis": _kpis,
    }
    rows = [row for name, make in made.items() if name in found for row in make(found[name])]
    return sorted(rows, key=lambda row: [int(part) for part in row.number.split(".")])


def _robot_verdicts(found: Json) -> list[Figure]:
    """Without the hidden link, a single click that looks like a person's in every way triggers; it is printed."""
    usual, hidden = found["usual"], found["with_hidden_link"]
    return [
        _at_least(7, "recall of robots' opens and clicks", usual["recall"], 0.95, 11),
        _at_most(7, "people's opens and clicks taken for a robot's", usual["false_positives"], 0.01, 11),
        _at_most(7, "triggers by robots, with the hidden link", hidden["triggers_by_robots"], 0, 11),
        _at_most(7, "share of robots' events that trigger, without", usual["robots_that_trigger"], 0.005, 11),
        _at_least(7, "share of people's clicks that trigger", usual["triggers_by_people"], 0.99, 11),
    ]


def _throughput(found: Json) -> list[Figure]:
    own = found["sodate"]
    return [
        _at_most(5, "write units per step mail, next due entry included", own["write_units"], 4.2),
        _at_most(5, "read units per step mail", own["read_units"], 1.0),
        _at_least(5, "fewer write units than naive, times", found["fewer_writes_than_naive"], 3),
        _at_least(9, "less CPU per mail than naive, times", found["less_cpu_than_naive"], 10),
        _at_least(9, "less CPU per mail than django-post_office, times", found.get("less_cpu_than_post_office"), 1),
        _at_least(9, "stretch: mails per second and core", own["mails_per_second_and_core"], 3000),
        _at_most(12, "log bytes per mail, Lambda's own lines included", own["log_bytes"], 60),
    ]


def _events(found: Json) -> list[Figure]:
    rows = []
    for region, bill in sorted(found["bills"].items(), reverse=True):
        share = bill["share_of_ses"]
        rows += [
            _at_most(6, f"dollars per million mails with events, {region}", bill["usd_per_million"], 4.5),
            _at_most(6, f"share of SES à la carte, {region}", share["a_la_carte"], 0.045),
            _at_most(6, f"share of SES Essentials, {region}", share["essentials"], 0.028),
        ]
    return [
        *rows,
        _at_most(4, "write units per open or click, scored and counted", found["engagement"]["write_units"], 2.4, 11),
        _at_most(12, "log bytes per event, Lambda's own lines included", found["log_bytes_per_event"], 30),
        _at_most(12, "log bytes of a failed batch of 100", found["log_bytes_of_a_failed_batch"], 2048),
    ]


def _ticks(found: Json) -> list[Figure]:
    idle = f"read units of an idle tick, {found['shards']} shards"
    return [
        _at_most(7, "units per tick, most leads ÷ fewest leads", found["units_max_by_min"], 1.02),
        _at_most(7, "calls per tick, most leads ÷ fewest leads", found["calls_max_by_min"], 1.02),
        _at_most(7, idle, found["idle_read_units"], found["idle_allowed"]),
    ]


def _hot_minute(found: Json) -> list[Figure]:
    return [
        _at_most(8, "hottest key, write units per second at 2,000/s", found["hottest_write_units_per_second"], 500),
        _at_most(8, "hottest key, read units per second", found["hottest_read_units_per_second"], 3000),
        _at_most(8, "time to drain ÷ mails ÷ rate", found["drain_of_limit"], 1.05),
    ]


def _pacing(found: Json) -> list[Figure]:
    return [
        _at_most(10, "fullest second ÷ allowed", found["largest_window"], 1.0),
        _at_least(10, "mean ÷ allowed", found["mean"], 0.95),
        _at_most(10, "mails lost", found["lost"], 0),
        _at_most(10, "mails sent twice", found["twice"], 0),
    ]


def _lateness(found: Json) -> list[Figure]:
    return [
        _at_most(11, "lateness beyond queue ÷ rate, p99 in seconds", found["p99_beyond_queue_s"], 60),
        _at_most(11, "early mails", found["early"], 0),
        _at_most(11, "mails missing at the end of the month", found["expected"] - found["mails"], 0),
    ]


def _scoring(found: Json) -> list[Figure]:
    replay = found["replay"]
    return [
        _at_least(6, "activities folded per second and core, pure", found["activities_per_second_and_core"], 1e5, 4),
        _at_most(6, "write units per engagement event", found["write_units_per_event"], 2.2, 4),
        _at_least(6, "less CPU per event than naive, times", found["less_cpu_than_naive"], 8, 4),
        _at_most(7, f"MiB to replay {replay['leads']:,} leads, killed once", replay["largest_mib"], 1024, 4),
    ]


def _imports(found: Json) -> list[Figure]:
    peak = found["peak_rss_mb"]
    wrong = found["twice"] + (not found["equal_row_for_row"])
    return [
        _at_most(8, f"wrong or doubled of {found['rows']:,} rows, killed once", wrong, 0, 4),
        _at_most(8, "memory of all rows ÷ of a tenth", peak["all"] / peak["tenth"], 1.2, 4),
    ]


def table(rows: list[Figure]) -> str:
    lines = [f"{'#':>4}  {'figure':<56} {'measured':>10}  {'must reach':<10} "]
    words = {None: "not measured", True: "reached", False: "NOT REACHED"}
    for row in rows:
        value = "-" if row.value is None else f"{row.value:,.4g}"
        lines.append(f"{row.number:>4}  {row.name:<56} {value:>10}  {row.target:<10} {words[row.reached]}")
    return "\n".join(lines)


def as_json(rows: list[Figure]) -> list[Json]:
    return [asdict(row) for row in rows]


def _segments(found: Json) -> list[Figure]:
    times, scored, other = found["evaluation_us"], found["scored"], found["not_scored"]
    growth = round(times["500"] / times["10"], 2)
    return [
        _at_most(2, "write units per activity that is scored and in 3 of 50 segments", scored["write_units"], 2.3, 10),
        _at_most(2, "write units per activity that is in 3 of 50 segments only", other["write_units"], 2.3, 10),
        _at_most(2, "evaluation time with 500 segments, times that with 10", growth, 1.5, 10),
    ]


def _rehearsal(found: Json) -> list[Figure]:
    what = f"{found['people']:,} people, {found['days']} days, {found['scenarios']} scenarios"
    return [
        _at_most(8, f"CPU seconds to rehearse {what}", found["cpu_seconds"], 60, 10),
        _at_most(8, "MiB of it", found["memory_mib"], 1024, 10),
        _at_least(8, "same seed, same bytes", int(found["same_bytes"]), 1, 10),
    ]


def _scenario(found: Json) -> list[Figure]:
    return [
        _at_most(9, "cost of a scenario's emails ÷ step mail's", found["plain_to_sequence"], 1.1, 10),
        _at_most(9, "the same with a goal that is asked before each email", found["with_goal_to_sequence"], 1.1, 10),
        _at_most(9, "units of an idle minute for 6 scenarios and 50 segments", found["idle_units_more"], 0, 10),
    ]


def _backfill(found: Json) -> list[Figure]:
    what = f"back-fill of a segment over {found['leads']:,} leads, killed twice"
    return [
        _at_most(10, f"{what}: leads with a wrong membership", found["wrong"], 0, 10),
        _at_most(10, "the same: activities and events of entering", found["announced"], 0, 10),
        _at_most(10, "the same: MiB more, what it wrote included", found["more_mib"], 1024, 10),
    ]


def _web_events(found: Json) -> list[Figure]:
    browser = found["beacon"].get("browser", {})
    return [
        _at_least(5, "web events per second and core", found["events_per_second_and_core"], 2000, 11),
        _at_least(5, "less CPU per web event than naive, times", found["less_cpu_than_naive"], 5, 11),
        _at_most(6, "kB of sodate.js, gzipped", found["beacon"]["bytes_gzipped"] / 1000, 3, 11),
        _at_most(6, "ms of sodate.js on the main thread, first time", browser.get("first_ms"), 2, 11),
    ]


def _kpis(found: Json) -> list[Figure]:
    small, large = found["dashboard"]["10000"], found["dashboard"]["10000000"]
    hottest = max((units for units, _ in found["hot"]["hottest"].values()), default=0)
    worst = max(one["error"] for one in found["visitors"].values())
    return [
        _at_most(4, "write units of the counters per counted event", found["mix"]["write_units"], 0.2, 11),
        _at_most(4, "hottest counter key, units per second at 10,000 events/s", hottest, 100, 11),
        _at_most(4, "read units of a dashboard, 10,000,000 emails a month", large, 5, 11),
        _at_most(4, "of it more than with 10,000 emails", large - small, 0, 11),
        _at_most(12, "error of distinct visitors, %", 100 * worst, 2, 11),
    ]
