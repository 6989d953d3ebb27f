"""The compiler keeps every Liquid tag, makes one text part, and gives the same bytes each time."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sodate.authoring.check import check
from sodate.authoring.compile.liquid_guard import LIQUID, lost, moved, protect, restore
from sodate.authoring.compile.text_part import to_text
from sodate.email.content.render import environment

Damage = Callable[[str, str, str], None]
SAMPLE = Path(__file__).parents[3] / "playbooks" / "b2b-ja"

HARD = """\
<mjml>
  <mj-head>
    <mj-title>{{ lead.name | default: "you" }}</mj-title>
    <mj-preview>{{ preheader }}</mj-preview>
    <mj-style>a { color: red } @media (max-width: 400px) { a { color: blue } }</mj-style>
  </mj-head>
  <mj-body>
    <!-- a note with {{ sender.name }} that nobody should get -->
    {% if lead.name %}
    <mj-section><mj-column>
      <mj-text>{% if lead.name == "<b>" and 1 < 2 %}A & B{% else %}C&nbsp;D{% endif %}
        {{ lead.name | default: "a > b" }}</mj-text>
      <mj-table>
        <tr><th>Plan</th><th>Price</th></tr>
        {% for plan in lead.secondary.plans %}<tr><td>{{ plan }}</td><td>1 yen</td></tr>{% endfor %}
      </mj-table>
      <mj-raw>{% assign x = "y" %}</mj-raw>
      <mj-button href="https://www.example.jp/?a=1&amp;n={{ lead.name | default: "x" | url_encode }}">Go</mj-button>
      <mj-image src="https://www.example.jp/a.png" alt="Chart of {{ x }}" />
    </mj-column></mj-section>
    {% endif %}
    <mj-include path="_footer.mjml" />
  </mj-body>
</mjml>
"""


@pytest.fixture
def hard(small: Path, damage: Damage) -> Path:
    (small / "templates/first.mjml").write_text(HARD, encoding="utf-8")
    damage(
        "forms/ask.yaml",
        "  - name: title",
        "  - { name: plans, type: text, label: P, maps_to: secondary.plans }\n  - name: title",
    )
    damage(
        "templates/first.yaml",
        "subject: Hello",
        "subject: Hello\npreheader: 'A & B, {{ lead.name | default: \"you\" }}'",
    )
    return small


def compiled(directory: Path, template: str = "first"):
    checked = check(directory)
    found = next(c.template for c in checked.compiled if c.doc.id == template)
    assert found is not None, checked.problems
    return found


def test_every_liquid_tag_survives_as_it_was_written(hard: Path) -> None:
    html = compiled(hard).html
    note = "{{ sender.name }} that nobody"
    for tag in LIQUID.findall(HARD.replace(note, "").replace("{{ preheader }}", "")):
        assert tag in html, tag
    assert "nobody should get" not in html
    assert "zqlq" not in html


def test_the_compiled_parts_render_for_a_reader(hard: Path) -> None:
    template = compiled(hard)
    values = {
        "lead": {"name": "<Ann & Bob>", "secondary": {"plans": ["Basic", "Pro"]}},
        "sender": {"name": "S", "postal_address": "P", "contact": "C"},
        "unsubscribe_url": "https://u.example/1?a=b&c=d",
    }
    html = environment(autoescape=True).from_string(template.html).render(**values)
    text = environment(autoescape=False).from_string(template.text).render(**values)

    assert "&lt;Ann &amp; Bob&gt;" in html
    assert html.index("<td") < html.index("Basic") < html.index("Pro") < html.index("Go</a>")
    assert 'href="https://www.example.jp/?a=1&amp;n=%3CAnn+%26+Bob%3E"' in html
    assert "A &amp; B, &lt;Ann" in html
    assert "<Ann & Bob>" in text
    assert "C D" in text
    assert "Basic | 1 yen" in text
    assert "Go <https://www.example.jp/?a=1&n=%3CAnn+%26+Bob%3E>" in text
    assert "Chart of y" in text
    assert "Stop <https://u.example/1?a=b&c=d>" in text
    assert "A & B, " not in text  # the preheader is hidden in HTML and has no place in the text


def test_css_is_inlined_and_media_queries_stay(hard: Path) -> None:
    html = compiled(hard).html
    assert 'style="color: red' in html
    assert "@media (max-width: 400px)" in html
    assert 'lang="ja"' in html


def test_the_same_files_give_the_same_bytes(hard: Path) -> None:
    assert compiled(hard) == compiled(hard)


@pytest.mark.parametrize("template", sorted(p.stem for p in (SAMPLE / "templates").glob("*.yaml")))
def test_the_sample_keeps_its_liquid_and_has_a_readable_text_part(template: str) -> None:
    done = compiled(SAMPLE, template)
    source = (SAMPLE / "templates" / f"{template}.mjml").read_text(encoding="utf-8")
    for tag in LIQUID.findall(source):
        assert tag in done.html
        assert tag in done.text
    assert "<td" not in done.text
    assert "&" not in done.text.replace("&utm", "")
    assert len(done.html.encode()) < 30_000


def test_a_tag_between_cells_where_html_has_no_place_is_refused(small: Path) -> None:
    table = "<table><tr><td>{{ lead.name | default: 'x' }}</td>{{ sender.name }}</tr></table>"
    bad = table + "<a href='{{ opt_in_url }}'>x</a>"
    (small / "templates/confirm.html").write_text(bad, encoding="utf-8")

    problems = [p for p in check(small).problems if p.rule == "compile"]
    assert ["move it into a cell" in p.hint for p in problems] == [True]


def test_liquid_in_css_is_refused(small: Path, damage: Damage) -> None:
    damage("templates/confirm.html", "<p>", "<style>p { color: {{ lead.name }} }</style><p>")

    assert ["Liquid inside CSS" in p.message for p in check(small).problems if p.rule == "compile"] == [True]


def test_a_mail_that_gmail_would_cut_is_a_warning(small: Path, damage: Damage) -> None:
    damage("templates/first.mjml", "Hello", "Hello " + "<b></b>" * 16_000)

    (problem,) = [p for p in check(small).problems if p.rule == "gmail-clipping"]
    assert problem.severity == "warning"
    assert "102 KB" in problem.message


def test_the_guard_tells_what_was_lost_and_what_was_moved() -> None:
    guarded = protect("<p>{% if a %}{{ b }}{% endif %}</p>")
    words = list(guarded.tags)

    assert restore(guarded.text, guarded) == "<p>{% if a %}{{ b }}{% endif %}</p>"
    assert lost(guarded.text.replace(words[1], ""), guarded) == ["{{ b }}"]
    assert moved(guarded.text, guarded) == []
    assert moved(f"<p>{words[1]} {words[0]} {words[2]}</p>", guarded) == ["{% if a %}"]


def test_quotes_and_angle_brackets_inside_liquid_do_not_confuse_the_guard() -> None:
    source = (
        """<a href="{{ x | default: "a>b" }}" title='{% if y %}"{% endif %}'>{{ z }}</a>{% if q %}<br>{% endif %}"""
    )
    guarded = protect(source)

    assert "{" not in guarded.text
    assert guarded.text.count("<!--") == 2  # only the tags between elements
    assert restore(guarded.text, guarded) == source


def test_the_text_part_shows_lists_links_and_images_and_hides_what_is_hidden() -> None:
    html = (
        "<h1>Title</h1><ul><li>one</li><li>two</li></ul><p>a<br>b &amp; c</p><p style='display:none'>secret</p>"
        "<a href='https://x.example/?a=1&amp;b=2'>Click</a> <a href='https://y.example'>https://y.example</a>"
        "<img src='https://i.example/a.png' alt='A chart'><style>p{}</style>"
    )
    text = to_text(html)

    assert "* one\n" in text.replace("  ", " ") or "one\n" in text
    assert "a\nb & c" in text
    assert "Click <https://x.example/?a=1&b=2>" in text
    assert text.count("https://y.example") == 1
    assert "A chart" in text
    assert "secret" not in text
    assert "{}" not in text
