"""`sodate token …`: API tokens of other systems."""

import secrets
import string
from typing import Annotated, Any

import typer
from sodate.intake import store
from sodate.intake.authenticate import TokenRequest, create_token
from sodate.intake.token import ApiToken, Scope

from sodate_cli import output
from sodate_cli.operator import StageOption, explained, now, target
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(help="API tokens, with which other systems send activities and deals.", no_args_is_help=True)
_ID_LETTERS = string.digits + string.ascii_lowercase


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for: crm-nightly.", show_default=False)],
    scope: Annotated[list[Scope], typer.Option("--scope", help="What it may write; repeatable.")],
    source: Annotated[str | None, typer.Option("--source", help="Whose ids it sends; default: NAME.")] = None,
    days: Annotated[int, typer.Option("--days", help="How long it works.")] = 365,
    per_minute: Annotated[int, typer.Option("--per-minute", help="Requests a minute.")] = 60,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token. It is shown once; the table holds only a hash of it.

    Example: sodate token create crm-nightly --scope activities --scope deals --source crm
    """
    with explained():
        where = target(stage)
        token, text = create_token(TokenRequest(name, source or name, scope, days, per_minute), now(where), _random)
    if as_json:
        output.show_json({**_document(token), "token": text})
        return
    output.show_fields("Token", Times.of_stage().fields(_document(token)))
    output.say("Keep it now; it is not shown again:")
    print(text)


@app.command("list")
def list_tokens(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """Every token, with its scopes and when it ends; never its secret.

    Example: sodate token list
    """
    with explained():
        at, times = now(target(stage)), Times.of_stage()
        rows = [{**_document(token), "status": token.status(at)} for token in store.tokens()]
    if as_json:
        output.show_json(rows)
        return
    columns = ("token", "name", "source", "scopes", "requests a minute", times.column("expires"), "status")
    shown = [
        (
            row["id"], row["name"], row["source"], row["scopes"], row["per_minute"], times.shown(row["expires"]),
            row["status"],
        )
        for row in rows
    ]  # fmt: skip
    output.show_table("API tokens", columns, shown, nothing="There is no token.")


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="Its id, as `sodate token list` shows it.", show_default=False)],
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a token at once.

    Example: sodate token revoke 0a1b2c3d4e5f
    """
    with explained():
        where = target(stage)
        was_active = store.revoke_token(token, now(where))
    sentence = "revoked" if was_active else "it was revoked before"
    output.show_done({"token": token, "revoked": was_active}, sentence, as_json=as_json)


def _random() -> tuple[str, str]:
    """256 random bits of secret."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(12)), secrets.token_urlsafe(32)


def _document(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "source": token.source,
        "scopes": [scope.value for scope in token.scopes],
        "per_minute": token.per_minute,
        "created": token.created.isoformat(),
        "expires": token.expires.isoformat(),
    }
