"""A rehearsal of the sample playbook: time, memory, and whether the same seed gives the same bytes."""

import hashlib
import json
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from sodate.authoring.check import check
from sodate.authoring.rehearse import Crowd, Run, assumptions_of, rehearse

from benchmarks.harness import Json

_SAMPLE = Path(__file__).parents[1] / "playbooks" / "b2b-ja"
_START = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
DAYS = 90


def measure(people: int) -> Json:
    """Each run in a process of its own, whose memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        first, second = pool.submit(_play, people).result(), pool.submit(_play, people).result()
    return {**first, "same_bytes": first["sha256"] == second["sha256"]}


def _play(people: int) -> Json:
    checked = check(_SAMPLE)
    began = time.process_time()
    document = rehearse(checked.definitions(), assumptions_of(checked), Crowd(imagined=people), Run(_START, DAYS))
    seconds = time.process_time() - began
    text = json.dumps(document, ensure_ascii=False)
    return {
        "people": people,
        "days": DAYS,
        "scenarios": len(document["scenarios"]),
        "emails": document["emails"]["all"],
        "cpu_seconds": round(seconds, 1),
        "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
