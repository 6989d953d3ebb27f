"""Segments: what an activity costs when few of many segments mention it, and what an evaluation takes.

The first figure goes through the real function on the metered table; the second is the pure decision of one lead.
"""

import random
import time
from datetime import timedelta
from statistics import median
from typing import Any

from sodate.activities.activity import Activity
from sodate.activities.store import activity_item
from sodate.dynamodb.item import encode
from sodate.facts.evaluation import LeadView, Sources
from sodate.leads.contact_state import ContactState
from sodate.leads.lead import Profile
from sodate.playbook.store import Definitions
from sodate.scoring.engine import ScoringEngine
from sodate.scoring.rescore import live_rules, rescore
from sodate.scoring.rules import RuleSet
from sodate.scoring.score_state import ScoreState
from sodate.scoring.scored import LeadScore
from sodate.segments.membership import Segments
from sodate.segments.segment import SegmentSet

from benchmarks import ours, sample
from benchmarks.endpoints import Endpoints
from benchmarks.harness import Json, harness
from benchmarks.ours import Ours
from benchmarks.scoring import rules
from tests.support.world import stream_record

#: Segments that mention the activity.
MENTIONING = 3
_SIZES = (10, 100, 500)


def measure(leads: int) -> Json:
    return {
        "scored": _activity(leads, "mail_clicked"),
        "not_scored": _activity(leads, "page_viewed"),
        "evaluation_us": {str(size): _evaluation(size) for size in _SIZES},
    }


def segments(count: int, mentioning: int, type_: str = "page_viewed") -> SegmentSet:
    """`mentioning` of them ask for activities of the type, all others for something that such a one cannot change."""
    asks: list[Any] = [
        {"activity": type_, "times": 2 + number, "within_days": 30, "template": f"mail{number}"}
        if number < mentioning
        else {"all": [{"activity": "seminar_attended", "seminar": f"s{number}"}, {"consent": "news"}]}
        for number in range(count)
    ]
    found = [{"id": f"s{number}", "when": when} for number, when in enumerate(asks)]
    return SegmentSet.model_validate({"time_zone": "Asia/Tokyo", "calendar": "JP", "segments": found})


def _activity(leads: int, type_: str) -> Json:
    """Units of one activity of each lead, its log item included; three of fifty segments count it."""
    with Endpoints(ours.schemas) as cloud, harness(cloud.url) as here:
        own = Ours(here, cloud)
        own.publish()
        Definitions().publish("rules", "default", rules(), here.now)
        Definitions().publish("segments", "default", segments(50, MENTIONING, type_).model_dump(mode="json"), here.now)
        own.lay_out(leads)
        here.now = sample.START + timedelta(days=1)
        live = live_rules(Definitions())
        for number in range(leads):
            rescore(sample.lead_id(number), live, sample.START)
        _happen(own, leads, 0, type_)  # the first one makes the item
        cloud.ask("measure_anew")
        here.now += timedelta(days=40)
        _happen(own, leads, 1, type_)
        usage = cloud.ask("usage")
        return {
            "write_units": 1 + usage["write_units"] / leads,
            "read_units": usage["read_units"] / leads,
            "by_item": usage["by_item"],
        }


def _happen(own: Ours, leads: int, number: int, type_: str) -> None:
    records = []
    for lead in range(leads):
        about = {"template": f"mail{lead % MENTIONING}", "link": "https://www.example.jp/blog"}
        activity = Activity(sample.lead_id(lead), type_, own.here.now, f"{number:08x}{lead:08x}", about)
        records.append(stream_record(encode(activity_item(activity)), None, lead))
    for start in range(0, len(records), 100):
        answer = own.here.call("scoring", {"Records": records[start : start + 100]})
        assert answer == {"batchItemFailures": []}, answer


def _evaluation(count: int) -> float:
    """CPU microseconds of one activity and the decision about it, with `count` live segments."""
    live, rng = Segments(segments(count, MENTIONING), 1), random.Random(1)  # noqa: S311  repeatable, not secret
    profile = Profile("l", "a@example.jp", "a@example.jp", "ja")
    contact = ContactState("l", "k", topics={"news": "confirmed"})
    score = LeadScore(ScoringEngine(RuleSet.model_validate(rules())), ScoreState())
    sources = Sources(lambda: profile, lambda: contact, lambda: score)
    times = []
    for _ in range(7):
        facts = live.fold.replay([])
        begun = time.process_time()
        for number in range(200):
            at = sample.START + timedelta(minutes=number)
            about = {"template": f"mail{rng.randrange(MENTIONING)}"}
            changed = live.fold.add(facts, Activity("l", "page_viewed", at, f"{number:016x}", about))
            view = LeadView("l", facts, facts.segments, int(at.timestamp()) // 60, sources, "Asia/Tokyo", "JP")
            facts.segments = live.decide(view, changed).members
        times.append((time.process_time() - begun) / 200 * 1e6)
    return round(median(times), 1)
