"""The page of a rehearsal: complete, self-contained, escaped, readable in light and dark, with the graph drawn."""

import re
from copy import deepcopy
from typing import Any

import pytest
from lxml import etree, html
from sodate.rehearsal.figures import Figures
from sodate.rehearsal.report.catalogs import catalog, languages
from sodate.rehearsal.report.graph import fitted
from sodate.rehearsal.report.page import page
from sodate.rehearsal.report.summary import document
from sodate.web.report_markup import STYLE

from tests.unit.rehearsal.played import SPAN, assumptions, definitions, figures

HOSTILE = '<img src=x onerror="alert(1)"></title></style><script>alert(2)</script>'


def played() -> dict[str, Any]:
    return document(figures(), definitions(), assumptions(), SPAN, 7)


def tree(shown: dict[str, Any] | None = None, language: str = "en") -> html.HtmlElement:
    return html.document_fromstring(page(shown or played(), language))


def texts(of: html.HtmlElement, path: str) -> list[str]:
    return [" ".join(one.text_content().split()) for one in of.xpath(path)]


@pytest.mark.parametrize("language", languages())
def test_it_is_well_formed_in_every_language(language: str) -> None:
    text = page(played(), language)
    body = re.sub(r"<(meta[^>]*)>", r"<\1/>", text.removeprefix("<!doctype html>"))
    root = etree.fromstring(body)
    assert (root.tag, root.get("lang")) == ("html", language)


def test_it_asks_the_network_for_nothing_and_runs_no_script() -> None:
    text = page(played(), "ja")
    assert not re.search(r"https?://|//[a-z]|url\(|@import|\bsrc=|<script|<link|<iframe|javascript:", text)
    (policy,) = tree().xpath("//meta[@http-equiv='content-security-policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert all(link.startswith("#") for link in tree().xpath("//a/@href"))


def test_every_link_of_the_contents_has_its_target() -> None:
    ids = tree().xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {f"#{one}" for one in ids} == set(tree().xpath("//nav//a/@href"))


def test_no_text_of_the_playbook_becomes_markup() -> None:
    assert "Webinar <script>" in texts(tree(), "//h3")[0]
    assert not tree().xpath("//script | //*[starts-with(name(@*), 'on')]")


def test_no_text_of_the_document_becomes_markup() -> None:
    """Every text that comes from a playbook, a sample or the log, wherever it stands."""
    shown = _poisoned(played())
    of = tree(shown)
    assert not of.xpath("//script | //img | //@onerror")
    assert page(shown, "en").count("&lt;img") > 30


def _poisoned(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _poisoned(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_poisoned(part, key) for part in value]
    free = ("title", "subject", "condition", "source", "time_zone")
    return f"{value}{HOSTILE}" if isinstance(value, str) and key in free else value


def test_hostile_ids_are_escaped_too() -> None:
    shown = deepcopy(played())
    shown["emails"]["by_day"]["2026-12-01"][HOSTILE] = 3
    shown["scenarios"][HOSTILE] = shown["scenarios"]["welcome"]
    shown["sales"]["answers"][HOSTILE] = 1
    shown["answers"][HOSTILE] = shown["answers"]["invite"]
    shown["assumptions"]["people"]["forms"] = {HOSTILE: 1}
    assert not tree(shown).xpath("//script | //img | //@onerror")


def test_the_headline_and_what_deserves_a_look_come_first() -> None:
    figures_shown = dict(zip(texts(tree(), "//dl//dt"), texts(tree(), "//dl//dd"), strict=True))
    assert figures_shown["emails"] == "23"
    assert figures_shown["USD to SES for 49 emails"] == "0.00"
    assert texts(tree(), "//h2")[0] == "Look at this"
    assert len(texts(tree(), "//div[@class='look']//li")) == len(played()["look_at"])


def test_bars_are_as_high_as_their_figures() -> None:
    (chart, *_) = tree().xpath("//figure")
    bars = {one.xpath("string(title)").split(":")[0]: one for one in chart.xpath(".//svg[@role='img']/g")}
    assert bars["2026-12-02"].xpath("string(title)") == "2026-12-02: 12 (webinar 3, news 9)"
    heights = [float(one) for one in bars["2026-12-02"].xpath("rect/@height")]
    assert heights == [15.0, 45.0]  # of 20, the top of the axis
    assert texts(chart, ".//div[@class='y']/span") == ["20", "10", "0"]


def test_more_sources_than_colours_are_put_together() -> None:
    shown = deepcopy(played())
    shown["emails"]["by_day"]["2026-12-01"] = {f"source-{number}": number for number in range(1, 13)}
    shown["emails"]["by_day"]["2026-12-02"] = {}
    shown["emails"]["by_day"]["2026-12-03"] = {}
    chart = tree(shown).xpath("//figure")[0]
    legend = texts(chart, ".//ul/li")
    assert legend == [*(f"source-{number}" for number in range(12, 5, -1)), "others"]
    assert "others 15" in chart.xpath("string(.//svg[@role='img']/g/title)")


def test_the_graph_shows_who_came_and_marks_dead_branches() -> None:
    graph = tree().xpath("//svg[@class='graph']")[0]
    steps = {one.xpath("string(title)").split(":")[0]: one for one in graph.xpath("g[starts-with(@class,'step')]")}
    assert list(steps) == ["invitation", "clicks", "size", "signal", "call", "reminder"]
    assert steps["clicks"].xpath("string(title)") == (
        "clicks: wait for mail_clicked · 3 days; came 10 · inside 2 · ended early 1"
    )
    assert [name for name, one in steps.items() if "dead" in one.get("class")] == ["signal"]
    dead = graph.xpath("g[@class='edge dead']/title/text()")
    assert dead == ["size: case 2 [primary.size is <huge>] → signal: 0", "signal: then → end: 0"]
    assert {"timeout: 4", "case 1: 1", "case 2: 0"} <= set(texts(graph, "text"))


def test_lines_are_as_wide_as_their_share() -> None:
    graph = tree().xpath("//svg[@class='graph']")[0]
    width = {
        one.xpath("string(title)"): float(one.xpath("string(path/@stroke-width)"))
        for one in graph.xpath("g[starts-with(@class,'edge')]")
    }
    assert width["invitation: then → clicks: 10"] == 9.0
    assert width["clicks: timeout → reminder: 4"] == round(1.2 + 7.8 * 0.4, 1)


def test_bars_of_the_boxes_show_the_drop_off() -> None:
    bars = [float(one) for one in tree().xpath("//svg[@class='graph'][1]//rect[@class='bar']/@width")]
    assert bars[0] == bars[1] > bars[2] > bars[3] == 0


def test_every_table_has_a_caption_and_headers() -> None:
    tables = tree().xpath("//table")
    assert len(tables) > 10
    for one in tables:
        assert one.xpath("caption")
        assert set(one.xpath("thead//th/@scope")) == {"col"}
        assert set(one.xpath("tbody//th/@scope")) == {"row"}


def test_every_assumption_is_stated() -> None:
    listed = dict(
        zip(
            texts(tree(), "//section[@id='assumptions']//tbody/tr/th"),
            texts(tree(), "//section[@id='assumptions']//tbody/tr/td"),
            strict=True,
        )
    )
    assert listed["emails.opened"] == "25"
    assert listed["sending.per_day"] == "12"


def test_a_rehearsal_without_emails_has_a_page() -> None:
    empty = document(Figures(figures().time_zone), definitions(), assumptions(), SPAN, 1)
    of = tree(empty)
    assert "No email was sent." in texts(of, "//section[@id='emails']/p")
    assert "Sales has nothing to do." in texts(of, "//section[@id='sales']/p")


def test_japanese_words_are_those_of_the_glossary() -> None:
    text = tree(language="ja").text_content()
    assert all(word in text for word in ("参加", "ステップ", "シナリオ", "セールスシグナル", "架電"))
    assert catalog("ja").words["kind"]["call_task"] == "架電"


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("架電する", 8, "架電する"),
        ("架電する", 7, "架電す…"),
        ("架電する", 6, "架電…"),
    ],
)
def test_text_is_cut_by_its_width(text: str, most: int, expected: str) -> None:
    assert fitted(text, most) == expected


# -- colours -----------------------------------------------------------------------------------------------------------

LIGHT, DARK = (
    dict(re.findall(r"--([a-z0-9-]+):(#[0-9a-f]{3,6})", block))
    for block in re.findall(r":root[^{]*\{(.*?)\}", STYLE, re.S)[:2]
)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_and_bars_stand_out_from_what_is_behind_them(colours: dict[str, str]) -> None:
    pairs = [
        ("text", "back"),
        ("text", "card"),
        ("soft", "back"),
        ("soft", "card"),
        ("accent", "back"),
        ("warn", "back"),
    ]
    pairs += [("text", "warn-back"), ("warn", "warn-back")]
    assert all(contrast(colours[one], colours[other]) >= 4.5 for one, other in pairs)
    parts = [*(f"c{number}" for number in range(8)), "edge"]
    assert all(contrast(colours[part], colours["back"]) >= 3 for part in parts)


def contrast(one: str, other: str) -> float:
    """WCAG 2: (lighter + 0.05) / (darker + 0.05)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
