"""Leakage detection: rejects columns written after the outcome, identifiers, and scores of other tools.

The detectors are generic; docs/calibration.md explains each one, and `--allow` overrules it.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from sodate.errors import Invalid
from sodate.leads.text import fold

from calibration.table import Bools, Column, Floats, Ints, Outcomes

#: AUC of a single column. Before the outcome, even the best whole models hardly reach `TOO_GOOD`.
TOO_GOOD, SUSPICIOUS = 0.85, 0.75
#: A field that most leads lack and won ones have was filled in during the sale (log odds 1.2 is a factor of 3.3).
LATE_MISSING, LATE_LOG_ODDS = 0.40, 1.2
EDITS_SHARE = 0.05
_ID_SHARE = 0.95
_BY_NAME = {
    "after": "you said it is known only afterwards (--after)",
    "constant": "has one value, so it tells nothing",
    "identity": "tells one lead from another (an id, a name, an address), not good from bad",
    "outcome-name": "its name speaks of the outcome or of the deal's progress",
    "other-score": "is the score of another tool, which cannot be asked for a new lead",
    "judgement-name": "by its name it is what sales wrote about the lead while working on it",
}

_OUTCOME = re.compile(
    r"\b(outcome|result|won|lost|closed?|churn\w*|convert(ed)?|conversion|stage|deal|opportunity|contract\w*|invoiced?"
    r"|revenue|(lost|win|loss|close) reason|(lead|sales) status)\b|受注|失注|成約|契約|商談|売上|結果|ステータス|解約"
)
_JUDGEMENT = re.compile(
    r"\b(tags?|quality|qualified|disposition|remarks?|notes?|notable|memo|comments?|next action|probability)\b"
    r"|タグ|見込|確度|メモ|備考|コメント|商談化|評価"
)
_FOREIGN = re.compile(r"\b(score|scoring|index|grade|rating|rank|propensity)\b|スコア|点数|指数|ランク")
_IDENTITY = re.compile(
    r"\b(id|uuid|guid|(lead|customer|record|account) (number|no)|number|e ?mail( address)?|phone|tel|mobile|fax"
    r"|(first|last|full|given|family|company)? ?name|postal code|zip|address|url)\b"
    r"|番号|氏名|お名前|名前|会社名|メール(アドレス)?$|電話|住所|郵便"
)
_EDITS = {"modified", "updated", "changed", "edited", "reassigned", "更新", "変更", "編集"}
_SNAPSHOT = re.compile(r"\b(last|latest|recent|current stage)\b|最終|最新|直近")
PROTECTED = re.compile(
    r"\b(sex|gender|age|birth\w*|religi\w*|nationality|citizenship|race|ethnic\w*|disab\w*|marital|married|pregnan\w*"
    r"|union|politic\w*|housewife|househusband|health condition)\b"
    r"|性別|年齢|生年|誕生|宗教|国籍|人種|民族|障害|障がい|婚姻|既婚|主婦|本籍|信条|病歴"
)
PROXY = re.compile(r"\b(country|city|region|prefecture|postal|zip|language|locale)\b|国名|^国$|都道府県|市区|地域|言語")


@dataclass(frozen=True)
class Rejection:
    """`rule`: the detector, `reason`: its observation."""

    column: str
    rule: str
    reason: str


@dataclass(frozen=True)
class Screened:
    """`allowed`: columns in use; `rejected`: columns left out; `suspects`: in use, with a warning."""

    allowed: tuple[str, ...]
    rejected: tuple[Rejection, ...]
    suspects: tuple[Rejection, ...]


def words(name: str) -> str:
    """`Lead_Quality`, `leadQuality` and `primary.lead_quality` read as `lead quality`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[\W_]+", " ", fold(apart)).strip()


def screen(data: Outcomes, after: Collection[str], allow: Collection[str]) -> Screened:
    """Split the columns into allowed, rejected and suspect ones.

    Raises: `Invalid` for a name in `after` or `allow` that is not in the file.
    """
    known = {fold(column.name): column.name for column in data.columns}
    for name in (*after, *allow):
        if fold(name) not in known:
            raise Invalid(f"there is no column {name!r} that could be used; the file has: {', '.join(known.values())}")
    later, wanted = set(map(fold, after)), set(map(fold, allow))
    allowed, rejected, suspects = [], [], []
    for column in data.columns:
        if fold(column.name) in later:
            rejected.append(Rejection(column.name, "after", _BY_NAME["after"]))
            continue
        doubt = next(_doubts(column, data.won), None)
        if doubt and fold(column.name) not in wanted:
            rejected.append(doubt)
            continue
        allowed.append(column.name)
        suspects += [doubt] if doubt else list(_suspicions(column, data.won))
    return Screened(tuple(allowed), tuple(rejected), tuple(suspects))


def _doubts(column: Column, won: Floats) -> Iterator[Rejection]:
    """Reasons to reject the column; the caller reports the first. Cheap and certain detectors come first."""
    name = words(column.name)

    def doubt(rule: str) -> Rejection:
        return Rejection(column.name, rule, _BY_NAME[rule])

    if _is_constant(column):
        yield doubt("constant")
    if _identifies_lead(column, name):
        yield doubt("identity")
    if _OUTCOME.search(name):
        yield doubt("outcome-name")
    if _FOREIGN.search(name):
        yield doubt("other-score")
    yield from _by_data(column, won)
    if _JUDGEMENT.search(name):
        yield doubt("judgement-name")


def _by_data(column: Column, won: Floats) -> Iterator[Rejection]:
    """Detectors that use only the values, not the name."""
    name, missing = column.name, float((~column.given).mean())
    if (auc := alone(column, won)) >= TOO_GOOD:
        yield Rejection(name, "too-good", f"ranks won above lost with AUC {auc:.2f} all alone: known only afterwards?")
    if (late := _late(column, won)) >= LATE_LOG_ODDS and missing >= LATE_MISSING:
        reason = f"{missing:.0%} have no value, and the odds of who has one are {np.exp(late):.1f} times as good"
        yield Rejection(name, "filled-in-late", f"{reason}: written while the lead was being won?")
    if (edits := _edits(column)) >= EDITS_SHARE:
        yield Rejection(
            name, "edit-trace", f"tells of edits of the record ({edits:.0%} of the leads), so of later work"
        )


def _suspicions(column: Column, won: Floats) -> Iterator[Rejection]:
    name, missing = column.name, float((~column.given).mean())
    if (auc := alone(column, won)) >= SUSPICIOUS:
        yield Rejection(name, "suspect-good", f"ranks won above lost with AUC {auc:.2f} alone; known at that time?")
    if missing >= LATE_MISSING / 2 and _late(column, won) >= LATE_LOG_ODDS:
        yield Rejection(name, "suspect-late", f"who gave it was won far more often, {missing:.0%} did not; asked when?")
    if _SNAPSHOT.search(words(name)):
        yield Rejection(name, "suspect-snapshot", "as of the day of the export; was it the same before the outcome?")


def _is_constant(column: Column) -> bool:
    given = column.given
    if not given.any():
        return True
    values = column.values[given]
    return bool(given.all() and (values == values[0]).all())


def _identifies_lead(column: Column, name: str) -> bool:
    given = column.given
    values = column.values[given]
    distinct = len(np.unique(values)) / len(values)
    if column.is_number:  # amounts may all differ too; only row counters are identifiers by value alone
        whole = bool((values == np.floor(values)).all()) and distinct >= _ID_SHARE and len(values) > 50
        return whole and (
            bool(_IDENTITY.search(name)) or abs(float(spearmanr(values, np.arange(len(values)))[0])) > 0.9
        )
    return distinct >= _ID_SHARE or (distinct >= 0.5 and bool(_IDENTITY.search(name)))


def alone(column: Column, won: Floats) -> float:
    """AUC of the column alone, in either direction; texts are ranked by the win rate of *other* rows."""
    if column.is_number:
        numbers = column.values
        auc = _auc(won[column.given], numbers[column.given])
        return max(auc, 1 - auc)
    return _auc(won, _rate_of_others(column.codes + 1, won))


def _rate_of_others(codes: Ints, won: Floats) -> Floats:
    """Win rate by value from the other half of the rows, so that a column of many values does not overfit."""
    rates = np.empty(len(won))
    half: Bools = np.arange(len(won)) % 2 == 0
    size = int(codes.max()) + 1
    for here in (half, ~half):
        there = ~here
        seen = np.bincount(codes[there], minlength=size)
        wins = np.bincount(codes[there], weights=won[there], minlength=size)
        rates[here] = ((wins + 5 * won.mean()) / (seen + 5))[codes[here]]
    return rates


def _auc(won: Floats, by: Floats) -> float:
    return float(roc_auc_score(won, by)) if 0 < won.sum() < len(won) else 0.5


def _late(column: Column, won: Floats) -> float:
    """Difference in log odds of winning: leads with a value against leads without (add-one smoothing)."""
    given = column.given
    if given.all() or not given.any():
        return 0.0

    def log_odds(some: Floats) -> float:
        return float(np.log((some.sum() + 1) / (len(some) - some.sum() + 1)))

    return log_odds(won[given]) - log_odds(won[~given])


def _edits(column: Column) -> float:
    edits = [code for code, level in enumerate(column.levels) if fold(level) in _EDITS]
    return float(np.isin(column.codes, edits).mean())
