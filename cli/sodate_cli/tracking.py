"""`sodate tracking …`: the script tag and the notice of a website, and what is kept of a visitor."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from sodate.errors import NotFound
from sodate.leads.visitor import is_visitor_id
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, outputs, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

if TYPE_CHECKING:
    from sodate.email.mailing import Sender
    from sodate.tracking.definition import Tracking
    from sodate.tracking.visit import Visit

app = typer.Typer(help="Web tracking: script tag, notice for visitors, and what is kept of one.", no_args_is_help=True)
PlaybookOption = Annotated[
    Path | None, typer.Option("--playbook", help="A playbook directory; default: what is live on the stage.")
]
UrlOption = Annotated[str | None, typer.Option("--url", help="Public address of the stage; default: the stage's own.")]
LANGUAGES = ("ja", "en")


@app.command()
def snippet(
    playbook: PlaybookOption = None, url: UrlOption = None, stage: StageOption = None, as_json: JsonOption = False
) -> None:
    """The script tag for every page of the website, and what a Content-Security-Policy must allow.

    Example: sodate tracking snippet --stage prod
    """
    from sodate.tracking.notice import policy_lines
    from sodate.tracking.notice import snippet as tag_of

    with explained():
        public_url = _public_url(url, stage)
        tracking, _ = _definitions(playbook, stage)
        tag, policy = tag_of(tracking, public_url), policy_lines(public_url)
    if as_json:
        output.show_json({"tag": tag, "content_security_policy": policy})
    else:
        typer.echo(f"{tag}\n\nContent-Security-Policy: {policy}")


@app.command()
def notice(
    language: Annotated[str, typer.Option("--language", help="ja or en.")] = "ja",
    playbook: PlaybookOption = None,
    url: UrlOption = None,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """The notice for visitors (外部送信規律): what is sent, to whom, why. Markdown, made from tracking.yaml.

    Example: sodate tracking notice --language ja
    """
    from sodate.tracking.notice import notice as text_of

    if language not in LANGUAGES:
        output.fail(
            Message("--language {language!r}: write {languages}", language=language, languages=" or ".join(LANGUAGES)),
            output.USAGE,
        )
    with explained():
        host = _public_url(url, stage).partition("://")[2].partition("/")[0]
        tracking, sender = _definitions(playbook, stage)
        text = text_of(tracking, sender, host, "ja" if language == "ja" else "en")
    if as_json:
        output.show_json({"language": language, "markdown": text})
    else:
        typer.echo(text, nl=False)


@app.command()
def visitor(
    visitor_id: Annotated[str, typer.Argument(metavar="ID", help="32 hex digits, as a form's `_visitor` has them.")],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """The sessions of one visitor, newest first, and which lead it is.

    Example: sodate tracking visitor 0f8fad5bd9cb469fa16570867728950e
    """
    from sodate.tracking import store

    if not is_visitor_id(visitor_id):
        output.fail(
            Message("{visitor_id!r} is no visitor id: it has 32 of 0-9 and a-f", visitor_id=visitor_id), output.USAGE
        )
    with explained():
        target(stage)
        binding, visits = store.find_binding(visitor_id), store.newest_visits(visitor_id, 50)
        if binding is None and not visits:
            raise NotFound(Message("nothing is kept of visitor {visitor_id}", visitor_id=visitor_id))
        times = Times.of_stage()
    rows = [_row(visit) for visit in visits]
    if as_json:
        bound = {"lead": binding.lead_id, "since": binding.since, "by": binding.by} if binding else None
        earlier = (
            [dict(zip(("lead", "since", "until"), one, strict=True)) for one in binding.earlier] if binding else []
        )
        output.show_json({"visitor": visitor_id, "bound": bound, "earlier": earlier, "sessions": rows})
        return
    if binding is not None:
        output.show_fields("Visitor", {"lead": binding.lead_id, "by": binding.by, "earlier": len(binding.earlier)})
    columns = (times.column("began"), "pages", "seconds", "scroll %", "source", "campaign", "verdict", "lead")
    shown_names = ("page_views", "dwell_s", "scroll_max", "source", "campaign", "verdict", "lead")
    shown = [(times.shown(row["began"]), *(row[name] for name in shown_names)) for row in rows]
    output.show_table("Sessions", columns, shown, nothing=Message("No session is kept."))


def _row(visit: "Visit") -> dict[str, Any]:
    from sodate.tracking.origin import origin_of

    session = visit.session
    return {
        "began": session.first_at,
        "ended": session.last_at,
        "page_views": session.page_views,
        "dwell_s": session.dwell_s,
        "scroll_max": session.scroll_max,
        **origin_of(session.arrival),
        "pages": {path: figures.views for path, figures in session.pages.items()},
        "downloads": sorted(session.downloads),
        "events": sorted(session.events),
        "verdict": session.verdict.value,
        "is_return": visit.returning,
        "form": visit.form,
        "lead": visit.lead_id,
    }


def _public_url(url: str | None, stage: str | None) -> str:
    return (url or outputs(target(stage))["ApiUrl"]).rstrip("/")


def _definitions(playbook: Path | None, stage: str | None) -> "tuple[Tracking, Sender]":
    """Raises: `NotFound`."""
    from sodate.email.mailing import Mailing
    from sodate.playbook.store import Definitions, parsed
    from sodate.tracking.definition import Tracking

    if playbook is None:
        target(stage)
        definitions = Definitions()
        mailing = parsed(definitions.live("mailing"), Mailing)
        return parsed(definitions.live("tracking"), Tracking), mailing.sender
    from sodate.authoring.check import check

    book = check(playbook).playbook
    tracking = book.tracking.model if book.tracking else None
    sender = book.mailing.model.sender if book.mailing and book.mailing.model else None
    if tracking is None or sender is None:
        raise NotFound(
            Message(
                "{playbook} has no valid tracking.yaml and playbook.yaml; see: sodate playbook check {playbook}",
                playbook=playbook,
            )
        )
    return tracking, sender
