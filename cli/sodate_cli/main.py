"""The `sodate` command. Each room of the command line mounts its own Typer app here with one line."""

import typer

app = typer.Typer(
    name="sodate",
    help="Lead nurturing in your own AWS account: forms, consent, step mail, scoring, hand-off to sales.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
