"""Seeded bugs in the counters of KPIs."""

from tests.mutants.mutants import Mutant

_SODATE = "layers/sodate/python/sodate/kpis/"
_DAYS, _WORLD = "tests/simulation/test_kpi_days.py", "tests/functions/test_kpis.py"


def _mutant(name: str, file: str, old: str, new: str, breaks: str, tests: str = _DAYS) -> Mutant:
    return Mutant(name, f"{_SODATE}{file}.py", ((old, new),), breaks, tests=(tests,))


KPIS = (
    _mutant(
        "a-record-counts-as-often-as-it-comes",
        "delta",
        "            if record not in known:\n",
        "            if True:\n",
        "a redelivered record is counted twice",
    ),
    _mutant(
        "a-round-is-added-again",
        "store",
        "KpiTotalItem.round.does_not_exist() | (KpiTotalItem.round < round_number)",
        "KpiTotalItem.round.does_not_exist() | (KpiTotalItem.round <= round_number)",
        "a round that a dead process left half done is added twice",
    ),
    _mutant(
        "two-rounds-have-one-number",
        "store",
        "unchanged = (KpiRoundItem.number == rounds.number) & KpiRoundItem.plan.does_not_exist()",
        "unchanged = KpiRoundItem.plan.does_not_exist()",
        "two rollups at once take the same changes",
    ),
    _mutant(
        "the-partition-is-that-of-the-delivery",
        "delta",
        "return zlib.crc32(self.lead.encode()) % SHARDS",
        "return zlib.crc32(repr(self).encode() + __import__('os').urandom(1)) % SHARDS",
        "a redelivered record lies in another partition, where nobody knows it",
    ),
    _mutant(
        "an-erased-lead-takes-its-figures-along",
        "contribution",
        "    if new is not None:\n        return difference(contributions(kinds, new), before)\n",
        "    if new is not None or old is not None:\n        return difference(contributions(kinds, new), before)\n",
        "statistics do not survive an erasure",
    ),
    _mutant(
        "copies-of-a-merge-are-counted",
        "contribution",
        'UNCOUNTED = ("copied_from", "merged_into")',
        'UNCOUNTED = ("merged_into",)',
        "an activity counts twice after a merge of two leads",
        "tests/unit/kpis/test_contribution.py",
    ),
    _mutant(
        "opt-outs-belong-to-no-email",
        "mark",
        'if one.type == ActivityType.UNSUBSCRIBED and one.about.get("send"):',
        "if False:",
        "no email has opt-outs",
        _WORLD,
    ),
    _mutant(
        "rates-count-robots",
        "email_counts",
        "opened = seen.human_opened or seen.human_clicked",
        "opened = seen.human_opened or seen.human_clicked or seen.machine_opened",
        "the open rate is that of mail filters",
        "tests/unit/kpis/test_contribution.py",
    ),
)
