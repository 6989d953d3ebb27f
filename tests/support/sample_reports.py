"""One worked example of every kind of report, in any language and size, for tests and for looking at the pages."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from sodate.campaigns.figures import Figures
from sodate.experiments.analysis import Analysis, analysis_of
from sodate.experiments.decision import Arms, ExperimentName
from sodate.experiments.experiment import Experiment
from sodate.experiments.intervals import Count
from sodate.experiments.look import Look
from sodate.money import Money
from sodate.reports.acquisition import AcquisitionRow, acquisition_report
from sodate.reports.campaign import CampaignFigures, CampaignRow, campaign_report
from sodate.reports.catalogs import words_in
from sodate.reports.document import Definition, Figure, Period, Reason, Report, Unit, share
from sodate.reports.experiment import experiment_report
from sodate.reports.frame import Frame
from sodate.reports.funnel import FunnelRow, LeavingPoint, Stage, funnel_report
from sodate.reports.kpi import DaySeries, KpiGroup, KpiRow, kpi_report
from sodate.reports.persona_map import Group, PersonaMapFold, persona_map_report
from sodate.reports.sales import SalesFigures, SignalFigures, sales_report
from sodate.reports.scenario import ScenarioFigures, ScenarioRow, StepRow, scenario_report
from sodate.reports.segment import SegmentRow, segment_report
from sodate.reports.template import EmailFigures, EmailRow, LinkRow, TemplateFigures, template_report

HOSTILE = '</script><script>alert(1)</script><b onmouseover=alert(2)>=HYPERLINK("x")&amp;'
LONG = "製造業向け・大規模事業所の決裁者による資料請求から商談までを早めるための秋の総合キャンペーン２０２６(第二期)"
PERIOD = Period(date(2026, 10, 1), date(2026, 11, 27), "Asia/Tokyo")
AS_OF = datetime(2026, 11, 27, 23, 0, tzinfo=UTC)


def frame(language: str = "ja", period: Period = PERIOD, subject: str = "") -> Frame:
    return Frame(words_in(language), period, AS_OF, subject)


def email(name: str, sent: int) -> EmailRow:
    delivered, opened, clicked = sent * 97 // 100, sent * 31 // 100, sent * 6 // 100
    rest = {"bounced": sent - delivered, "complained": sent // 1000, "unsubscribed": sent // 150}
    robots = {"opened_by_robots": sent // 4, "clicked_by_robots": sent // 7}
    return EmailRow(name, EmailFigures(sent, delivered, opened, clicked, converted=sent // 200, **rest, **robots))


def template(language: str, rows: int = 6) -> Report:
    names = [HOSTILE, LONG, *(f"materials-{number}-first-steps" for number in range(rows))][:rows]
    emails = [email(name, 40 + 731 * number) for number, name in enumerate(names)]
    links = [LinkRow(f"https://example.jp/cases/{number}/ダウンロード", 120 - number, number) for number in range(rows)]
    return template_report(TemplateFigures("template", emails, links), frame(language))


def kpi(language: str, days: int = 58) -> Report:
    ja = language == "ja"
    rate = Definition(
        "開封率" if ja else "Open rate",
        "届いたメールのうち人が開封した割合" if ja else "opened by people",
        "開封 ÷ 到達 × 100" if ja else "opened ÷ delivered × 100",
    )
    robots = Figure(62.5, Unit.PERCENT)
    emails = [
        KpiRow(
            "open_rate",
            rate.term,
            share(311, 970),
            311,
            970,
            Figure(30.0, Unit.PERCENT),
            Figure(106.9, Unit.PERCENT),
            robots,
            share(250, 900),
            is_headline=True,
            definition=rate,
        ),
        KpiRow(
            "click_rate",
            "クリック率" if ja else "Click rate",
            share(61, 970),
            61,
            970,
            None,
            None,
            robots,
            is_headline=True,
        ),
        KpiRow("unsubscribe", "配信停止率" if ja else "Unsubscribe rate", share(3, 970), 3, 970, is_headline=True),
    ]
    money = [
        KpiRow("cpa", "CPA", Figure(12345, Unit.MONEY, "JPY"), is_headline=True),
        KpiRow("roi", "ROI", Figure(None, Unit.PERCENT, reason=Reason.NO_COST), is_headline=True),
        KpiRow("ltv", "LTV", Figure(1234567.5, Unit.MONEY, "JPY")),
        KpiRow("nps", "NPS", Figure(-12.0, Unit.POINTS), is_headline=True),
        KpiRow("dwell", "滞在時間" if ja else "Dwell time", Figure(73.2, Unit.SECONDS)),
    ]
    words = words_in(language)
    titled = {"email": emails, "web": money[-1:], "funnel": money[3:4], "money": money[:3]}
    groups = [KpiGroup(name, words.text("block", f"kpi_{name}"), found) for name, found in titled.items()]
    names = [
        (name, words.text("figure", name)) for name in ("email_sent", "email_opened", "email_clicked", "reached_lead")
    ]
    every = [
        (PERIOD.first + timedelta(days=n),
         (0 if n % 7 in (5, 6) else 900 + 37 * n % 211, 250 + 13 * n % 97, 60 + n % 11, n % 5))
        for n in range(days)
    ]  # fmt: skip
    return kpi_report(groups, DaySeries(names, every), frame(language))


def funnel(language: str, rows: int = 5) -> Report:
    def stages(size: int) -> list[Stage]:
        numbers = (size * 40, size, size // 3, size // 9, size // 12, size // 40)
        hours = (None, None, 190.5, 31.0, 402.0, None)
        ids = ("visitor", "lead", "mql", "sql", "deal", "won")
        return [Stage(*one) for one in zip(ids, numbers, hours, strict=True)]

    campaigns = [
        FunnelRow("campaign", LONG if n == 1 else f"exhibition-{n}", stages(500 - 90 * n)) for n in range(rows)
    ]
    sources = [FunnelRow("source", f"google / cpc {n}" if n else "", stages(40 + n)) for n in range(rows)]
    kinds = ("segment", "owner", "form")
    others = [FunnelRow(kind, f"{kind}-{n}", stages(90 + n)[1:]) for kind in kinds for n in range(min(rows, 5))]
    leaving = [
        LeavingPoint("メール「導入事例」" if language == "ja" else "email: cases", 40, "mql"),
        LeavingPoint(HOSTILE, 3),
    ]
    return funnel_report(stages(1234), [*campaigns, *others, *sources], frame(language), leaving)


def campaign(language: str, rows: int = 5) -> Report:
    def row(name: str, n: int) -> CampaignRow:
        spend = () if n == 2 else (Money("JPY", 300_000 + 11_111 * n),)
        revenue = (Money("USD", 45_000_00),) if n == 3 else (Money("JPY", 1_200_000 * (n % 2)),)
        ads = (120_000, 2400 + n) if n != 2 else (0, 0)
        return CampaignRow(name, Figures(*ads, 120 - n % 100, 40, 12, 0 if n == 1 else 9, 4 - n % 4, revenue, spend))

    campaigns = [row(HOSTILE if n == 0 else LONG if n == 1 else f"campaign-{n}", n) for n in range(rows)]
    keywords = [row(f"リード 育成 ツール {n}", n) for n in range(rows)]
    return campaign_report(CampaignFigures(campaigns, "W (30/30/30/10)", [("keyword", keywords)]), frame(language))


def segment(language: str, rows: int = 5) -> Report:
    phases = {"awareness": "認知", "interest": "関心", "consideration": "検討", "decision": "決定"}
    segments = [
        SegmentRow(
            f"segment-{n}",
            LONG if n == 0 else f"東京の不動産 {n}",
            400 - n,
            {"awareness": 200, "interest": 90 + n},
            {"lead": 300, "mql": 40, "customer": 3},
            120,
            33,
            7,
        )
        for n in range(rows)
    ]
    return segment_report(segments, phases, frame(language))


def scenario(language: str, rows: int = 4) -> Report:
    scenarios = [
        ScenarioRow(
            f"nurture-{n}", 3, "published", 200 - n, 60, {"completed": 90, "goal": 31, "error:2": 1}, {"meeting": 31}
        )
        for n in range(rows)
    ]
    steps = [StepRow(f"mail-{n}", "send" if n % 2 else "wait", 30 - n) for n in range(min(rows, 30))]
    emails = [email(f"mail-{n}", 200 + n) for n in range(rows)]
    return scenario_report(ScenarioFigures(scenarios, steps, emails), frame(language, subject="nurture-0"))


def analysis(**counts: tuple[int, int]) -> Analysis:
    experiment = Experiment(metric="click", decide_after_hours=24)
    look = Look(AS_OF, timedelta(hours=24))
    for variant, (leads, successes) in counts.items():
        look = look.counted(variant, Count(leads, successes), leads // 20, 3)
    arms = Arms({name: 100 / len(counts) for name in counts}, next(iter(counts)))
    return analysis_of(ExperimentName("broadcast", "monthly-news", "2026-11"), experiment, arms, look, at_horizon=True)


def experiment(language: str, rows: int = 2) -> Report:
    analyses = [analysis(plain=(1000, 60), question=(1000, 104)), analysis(one=(3, 0), two=(4, 1), three=(0, 0))]
    return experiment_report(analyses[:rows], frame(language))


def acquisition(language: str, rows: int = 12) -> Report:
    months = [f"{2024 + n // 12}-{n % 12 + 1:02d}" for n in range(rows)]
    acquired = [
        AcquisitionRow(
            month, 300 + 7 * n, {"mql": 120 - 8 * (n % 12), "sql": 40 - 3 * (n % 12), "deal": 22, "won": 9 - n % 9}
        )
        for n, month in enumerate(months)
    ]
    return acquisition_report([*acquired, AcquisitionRow("2027-01", 0, {})] if rows > 1 else acquired, frame(language))


def sales(language: str, rows: int = 5) -> Report:
    said = ("accepted", "rejected", None, "won", "meeting_set")
    signals = [
        SignalFigures(
            AS_OF - timedelta(days=3, hours=n),
            f"sato-{n % max(rows, 1)}" if n % 7 else None,
            said[n % 5],
            AS_OF - timedelta(days=2) if said[n % 5] else None,
            "not-now" if said[n % 5] == "rejected" else "",
            n % 3,
        )
        for n in range(rows * 6)
    ]
    calls = Counter({"reached": 12, "not_reached": 30} if rows else {})
    return sales_report(SalesFigures(signals, calls, Counter(deal_won=2, deal_lost=3, meeting_set=6)), frame(language))


def persona_map(language: str, rows: int = 5) -> Report:
    fold, groups = PersonaMapFold(), [Group("phase", "interest", "関心"), Group("segment", "small", "小さな群")]
    fold.leads.update({("phase", "interest"): 100, ("segment", "small"): 3})
    items = {"did": "mail_clicked", "read": "https://example.jp/cases", "asked": "request-materials"}
    for aspect, item in items.items():
        for number in range(rows):
            fold.items["phase", "interest", aspect][item if not number else f"{item}-{number}"] = 60 - 11 * number
    return persona_map_report(fold, groups, frame(language))


SAMPLES: dict[str, Callable[..., Report]] = {
    "kpi": kpi,
    "funnel": funnel,
    "campaign": campaign,
    "template": template,
    "segment": segment,
    "scenario": scenario,
    "experiment": experiment,
    "cohort": acquisition,
    "sales": sales,
    "journey": persona_map,
}
