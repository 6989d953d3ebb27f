"""`sodate local …`: the whole product on this machine."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from sodate.errors import NotFound
from sodate.messages import Message

from sodate_cli import output
from sodate_cli.local.clock import ShiftedClock
from sodate_cli.local.folder import repository
from sodate_cli.local.mail_commands import AutoReplyOption, FromOption, TextOption, answer_of, reply_to_send
from sodate_cli.local.mail_commands import app as mail_app
from sodate_cli.local.visitor import confirm, post
from sodate_cli.local.zone import local_times
from sodate_cli.output import JsonOption
from sodate_cli.times import Times

app = typer.Typer(
    help="The whole product on this machine: AWS, SES, a mailbox, a webhook sink, and a clock.", no_args_is_help=True
)
mail_app.command()(confirm)
app.add_typer(mail_app, name="mail")
app.command()(post)

#: Of the endpoints file: what a person opens or puts into a page.
_ADDRESSES = ("api", "mailbox", "sink", "aws", "table")
PlaybookOption = Annotated[
    Path | None, typer.Option("--playbook", help="Folder of the playbook to apply; default: playbooks/b2b-ja.")
]


@app.command()
def up(playbook: PlaybookOption = None, as_json: JsonOption = False) -> None:
    """Start it, deploy the CDK app and apply a playbook. A second `up` changes nothing; a broken one is repaired.

    Example: sodate local up --playbook playbooks/b2b-ja
    """
    local = _local()
    # A SIGTERM in the middle must clean up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _explained():
        endpoints, done = local.up(playbook or local.repository / "playbooks" / "b2b-ja")
    if as_json:
        output.show_json({"state": "up", "done": done, "seconds": local.seconds, "endpoints": endpoints})
        return
    output.show_fields(Message("Local cloud: {done}", done=done), {name: endpoints[name] for name in _ADDRESSES})
    output.say("Next: `sodate local post FORM email=…`, look into the mailbox, `sodate local advance 3d`.")


@app.command()
def down(as_json: JsonOption = False) -> None:
    """Stop what `up` started, and nothing else. Its data is gone then.

    Example: sodate local down
    """
    stopped = _local().down()
    if as_json:
        output.show_json({"state": "down", "stopped": stopped})
    else:
        output.say(Message("stopped: {parts}", parts=", ".join(stopped)) if stopped else "nothing was running")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """What runs and where. Exit code 0: up, 3: down or broken.

    Example: sodate local status --json
    """
    found = _local().status()
    if as_json:
        output.show_json(found)
    else:
        rows = [(name, part["pid"], part["port"], _word(part)) for name, part in found["parts"].items()]
        output.show_table(Message("Local cloud: {state}", state=found["state"]), ("part", "pid", "port", "state"), rows)
        if found["state"] == "up":
            output.show_fields("Addresses", {name: found["endpoints"][name] for name in _ADDRESSES})
        output.say(
            Message(
                "clock of the stage: {clock} ({ahead_seconds} s ahead)",
                clock=(local_times() if found["state"] == "up" else Times.utc()).moment(found["clock"]),
                ahead_seconds=found["ahead_seconds"],
            )
        )
    if found["state"] != "up":
        if not as_json:
            output.say("`sodate local up` starts or repairs it.")
        raise typer.Exit(output.NOT_RUNNING)


@app.command()
def advance(span: Annotated[str, typer.Argument(help="3d, 12h, 30m or 1d12h.")], as_json: JsonOption = False) -> None:
    """Let time pass: everything due on the way happens, in order.

    Example: sodate local advance 3d
    """
    from sodate_cli.local.travel import parse_span

    try:
        wanted = parse_span(span)
    except ValueError as error:
        output.fail(str(error), output.USAGE)
    clock = ShiftedClock(_local().folder.clock_file)
    target = clock() + wanted
    with _explained(), output.progress(Message("letting {span} pass", span=span)):
        stops = _travel(clock, target)
    document = {
        "now": clock().isoformat(timespec="seconds"),
        "stops": [stop.isoformat(timespec="seconds") for stop in stops],
    }
    if as_json:
        output.show_json(document)
    else:
        output.say(
            Message(
                "it is now {now}; something happened at {stops_count} moments on the way",
                now=local_times().moment(str(document["now"])),
                stops_count=len(stops),
            )
        )


@app.command()
def reply(
    send: Annotated[str, typer.Option("--send", help="Id of the send, as `sodate lead timeline` shows it.")],
    text: TextOption,
    sender: FromOption = None,
    auto_reply: AutoReplyOption = False,
    as_json: JsonOption = False,
) -> None:
    """Let the lead answer an email: SES stores it in the bucket for replies, and `inbound_email` starts.

    Example: sodate local reply --send 01J0SEND --text 見積をお願いします
    """
    done = reply_to_send(send, answer_of(text, sender, is_automatic=auto_reply))
    if as_json:
        output.show_json(done)
    else:
        output.say(done["done"])


def _travel(clock: ShiftedClock, target: datetime) -> list[datetime]:
    from sodate.scheduling import store

    from sodate_cli.local.running import RunningStage
    from sodate_cli.local.stage import NotRunning
    from sodate_cli.local.travel import Traveller
    from sodate_cli.target import connect

    local = _local()
    found = local.status()
    if found["state"] != "up":
        raise NotRunning(
            Message("the local cloud is {state}: `sodate local up` starts or repairs it", state=found["state"])
        )
    connect("local", endpoints_file=local.folder.endpoints_file)
    ports = {name: part["port"] for name, part in found["parts"].items()}
    stage = RunningStage(found["endpoints"], ports["ministack"], ports["server"], clock)
    return Traveller(clock, store, stage).travel(target)


def _local() -> Any:
    from sodate_cli.local.stack import Local

    try:
        return Local(repository(), output.progress)
    except NotFound as error:
        output.fail(str(error), output.NOT_FOUND)


def _word(part: dict[str, Any]) -> str:
    if part["answers"]:
        return "up"
    return "does not answer" if part["alive"] else "not running"


@contextmanager
def _explained() -> Iterator[None]:
    """Expected failures end with a message and a code, Ctrl-C with 130."""
    from sodate.errors import SodateError

    from sodate_cli.local.deploy import DeployFailed
    from sodate_cli.local.process import NotStarted
    from sodate_cli.local.running import ScheduleFailed
    from sodate_cli.local.stack import Busy
    from sodate_cli.local.stage import NotRunning
    from sodate_cli.local.travel import StillBusy

    try:
        yield
    except NotRunning as error:
        output.fail(str(error), output.NOT_RUNNING)
    except (Busy, DeployFailed, NotStarted, ScheduleFailed, StillBusy, SodateError) as error:
        output.fail(str(error))
    except KeyboardInterrupt:
        output.say("stopped; what was started has been ended")
        raise typer.Exit(130) from None
