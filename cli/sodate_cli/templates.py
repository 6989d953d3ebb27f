"""`sodate template …`: the emails of a playbook directory, and one of them as a lead would get it."""

import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, find_lead, now, person, target
from sodate_cli.output import JsonOption

if TYPE_CHECKING:
    from sodate.authoring.preview import Preview
    from sodate.leads.lead import Profile

app = typer.Typer(help="Emails of a playbook: list them, and see one as a lead would get it.", no_args_is_help=True)
PlaybookOption = Annotated[Path, typer.Option("--playbook", help="The directory that holds playbook.yaml.")]
TemplateArgument = Annotated[str, typer.Argument(metavar="ID", help="The template's `id`.")]
LeadOption = Annotated[
    str | None, typer.Option("--lead", help="The address of a lead of the stage, or a YAML file that describes one.")
]
HERE = Path()


@app.command("list")
def list_templates(playbook: PlaybookOption = HERE, as_json: JsonOption = False) -> None:
    """The templates of a playbook directory.

    Example: sodate template list --playbook playbooks/b2b-ja
    """
    from sodate.authoring.check import check

    columns = ("id", "purpose", "topic", "languages", "subject", "file")
    rows = [
        (model.id, model.purpose, model.topic, [model.language, *model.languages], model.subject, doc.file)
        for doc in check(playbook).playbook.templates
        if (model := doc.model)
    ]
    if as_json:
        output.show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        output.show_table(
            "Templates", columns, rows, nothing=Message("{playbook} has no templates.", playbook=playbook)
        )


@app.command("preview")
def preview_template(
    template: TemplateArgument,
    playbook: PlaybookOption = HERE,
    lead: LeadOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Directory for HTML, text, a page, and pictures.")] = None,
    browser: Annotated[Path | None, typer.Option("--browser", help="Chromium or Chrome, for the pictures.")] = None,
    opens: Annotated[bool, typer.Option("--open", help="Show the page in your browser: desktop, phone, text.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """An email as one lead would get it; without a lead, as one who told nothing but the address. Sends nothing.

    Example: sodate template preview materials-1-first-steps --playbook playbooks/b2b-ja --out build/preview
    """
    from sodate.authoring.check import check
    from sodate.authoring.preview import preview, write_preview

    if opens and out is None:
        out = Path(tempfile.mkdtemp(prefix="sodate-preview-"))
    with explained():
        shown = preview(check(playbook), template, _profile(lead, stage))
    try:
        written = write_preview(shown, out) if out is not None else []
    except OSError as error:
        output.fail(Message("cannot write {filename}: {strerror}", filename=error.filename, strerror=error.strerror))
    if shown.email is not None and out is not None:
        written += _pictures(shown.email.html, template, out, browser)
    _show(shown, written, as_json=as_json)
    page = next((path for path in written if path.name.endswith(".preview.html")), None)
    if opens and page is not None:
        webbrowser.open(page.resolve().as_uri())
    if shown.email is None:
        output.fail(Message("this lead would not get the email: {refused}", refused=shown.refused))


@app.command("results")
def template_results(
    template: TemplateArgument,
    since: Annotated[str | None, typer.Option("--since", help="Sent from then on: 2026-11-24T18:00+09:00.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Sent before this time (likewise).")] = None,
    version: Annotated[int | None, typer.Option("--version", min=1, help="Of this version only.")] = None,
    conversion: Annotated[
        str | None, typer.Option("--conversion", help="An activity, as conditions have it; default: a meeting.")
    ] = None,
    within: Annotated[int, typer.Option("--within", min=1, max=90, help="Days after its email to convert.")] = 30,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Emails sent, delivered, opened, clicked, bounced …, per version, and clicks by link. It reads the whole table.

    Example: sodate template results monthly-news --since 2026-11-01 --conversion "did form_submitted(form = demo)"
    """
    from sodate.email.delivery.store import template_tests
    from sodate.playbook.store import Definitions
    from sodate.queries.count_template_results import Wanted, count_template_results
    from sodate.queries.template_results import conversion_of

    from sodate_cli import template_results as shown
    from sodate_cli.times import Times

    with explained():
        where = target(stage)
        at = now(where)
        begin = shown.moment_of(since, "--since", shown.BEGINNING)
        end = shown.moment_of(until, "--until", at)
        wanted = Wanted(template, conversion_of(conversion, within), begin, end, version)
        versions, tests = count_template_results(Definitions(), wanted, at), template_tests(template)
        times = Times.of_stage()
    if as_json:
        output.show_json(shown.document(wanted, versions, tests))
    else:
        shown.show(template, versions)
        shown.show_tests(tests, times)


@app.command("test")
def test_template(
    template: TemplateArgument,
    to: Annotated[list[str] | None, typer.Option("--to", help="Address (repeat); default: `seed_contacts`.")] = None,
    lead: LeadOption = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send the live version to a few addresses now. Nothing counts it, and its links work for nobody.

    Example: sodate template test materials-1-first-steps --to me@example.jp
    """
    from sodate.email.delivery.template_test import TemplateTest
    from sodate.playbook.store import Definitions

    from sodate_cli.test_sends import seed_sender, show_answers

    with explained():
        where = target(stage)
        tester = TemplateTest(Definitions(), seed_sender(where), person(where) or "(unknown)")
        answers = tester.send(template, to or [], _profile(lead, stage))
    show_answers(Message("Test of {template}", template=template), answers, as_json=as_json)


def _pictures(html: str, name: str, directory: Path, given: Path | None) -> list[Path]:
    from sodate_cli.browser import BrowserFailed, find_browser, pictures

    found = find_browser(given)
    if found is None:
        output.say("No pictures: no Chromium or Chrome was found; name one with --browser or SODATE_BROWSER.")
        return []
    try:
        return pictures(found, html, name, directory)
    except BrowserFailed as error:
        output.say(Message("No pictures: {error}", error=error))
        return []


def _profile(lead: str | None, stage: str | None) -> "Profile":
    from sodate.authoring.preview import SampleLead, read_sample
    from sodate.leads.store import load_profile

    if lead is None:
        return SampleLead().as_profile()
    if "@" in lead and not Path(lead).exists():
        return load_profile(find_lead(lead, target(stage)))
    return read_sample(Path(lead))


def _show(shown: "Preview", written: list[Path], *, as_json: bool) -> None:
    email, files = shown.email, [str(path) for path in written]
    if as_json:
        parts = {name: getattr(email, name) for name in ("subject", "html", "text")} if email else {}
        document = {"template": shown.template.id, "fields": dict(shown.fields), "files": files}
        output.show_json({**document, "refused": shown.refused or None, **parts})
        return
    rows = [(name, "(no value)" if value is None else value) for name, value in shown.fields.items()]
    output.show_table("Merge fields", ("field", "value"), rows, nothing=Message("The template has no merge fields."))
    if email is not None:
        output.say(output.plain(f"Subject: {email.subject}"))
        output.say("\n".join(files) if files else output.plain(f"\n{email.text}"))
