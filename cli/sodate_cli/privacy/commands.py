"""`sodate privacy …`: what concerns the data of many leads."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from sodate.consent.data_policy import DataPolicy
from sodate.dynamodb import keys
from sodate.errors import NotFound
from sodate.messages import Message
from sodate.playbook.store import Definitions
from sodate.privacy import store
from sodate.privacy.access import data_policy
from sodate.privacy.carry_out import BECAUSE, asked, carry_out
from sodate.privacy.erase import replay_all
from sodate.privacy.request import MOST_ASKED, MOST_DUE, MOST_PER_DAY, Bound, Step, bound_reached
from sodate.privacy.review import review as retention_review

from sodate_cli import output
from sodate_cli.languages import words
from sodate_cli.operator import StageOption, explained, now, person, target
from sodate_cli.output import JsonOption
from sodate_cli.privacy.parts import eraser
from sodate_cli.times import Times

app = typer.Typer(help="Data of leads: erasures after a restore, requests, ends of retention.", no_args_is_help=True)


@app.command()
def erasures(stage: StageOption = None, as_json: JsonOption = False) -> None:
    """The erasure ledger: which leads were erased, when, why, by whom, and whether it came to its end.

    Example: sodate privacy erasures
    """
    with explained():
        where = target(stage)
        rows = [
            {"lead": one.lead_id, "at": one.at.isoformat(), "because": one.because, "by": one.by, "done": is_done}
            for one, is_done in eraser(where, now(where)).ledger.erasures()
        ]
        times = Times.of_stage()
    if as_json:
        output.show_json(rows)
    else:
        shown = [(row["lead"], times.shown(str(row["at"])), row["because"], row["by"], row["done"]) for row in rows]
        columns = ("lead", times.column("began"), "because", "by", "done")
        output.show_table("Erasures", columns, shown, nothing="No lead was erased.")


@app.command()
def review(
    apply: Annotated[bool, typer.Option("--apply", help="Give items their end; else only say how many.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before leads are erased.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Apply `privacy` of the playbook: ends of form answers, activities and quarantine; list inactive leads.

    It reads the whole table. Leads are erased only with `inactive: erase` in the playbook and `--apply`.

    Example: sodate privacy review --apply
    """
    with explained():
        where = target(stage)
        moment, rules = now(where), data_policy(Definitions())
        done = retention_review(rules, moment, apply=apply)
        erased: list[str] = []
        if apply and rules.inactive == "erase" and done.inactive and _agrees(len(done.inactive), yes, as_json):
            work = eraser(where, moment)
            by = person(where) or "unknown"
            erased = [work.erase(one, "", "inactive", by).lead_id for one in done.inactive]
    if as_json:
        output.show_json({**asdict(done), "erased": erased, "applied": apply})
        return
    verb = "got" if apply else "would get"
    output.say(
        Message(
            "{leads:,} leads; {ended:,} items {verb} an end; {erased_count:,} inactive leads are erased",
            leads=done.leads,
            ended=done.ended,
            verb=verb,
            erased_count=len(erased),
        )
    )
    rows = [(lead_id,) for lead_id in done.inactive if lead_id not in erased]
    output.show_table("Inactive leads", ("lead",), rows, nothing="No inactive lead is listed.")


def _agrees(count: int, yes: bool, as_json: bool) -> bool:
    return yes or (not as_json and output.confirm(Message("Erase {count} leads for good?", count=count)))


@app.command()
def requests(
    erase: Annotated[bool, typer.Option("--erase", help="Erase the leads that asked for it.")] = False,
    drop: Annotated[
        str | None, typer.Option("--drop", help="Id of a lead that wants to stay after all: forget its request.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """What leads asked for on their own pages, with a link that was mailed to them. Their marketing is stopped already.

    With `privacy.erase_after_days` in the playbook the function `privacy_review` erases them by itself. Without it a
    person decides until the date that is shown: with `--erase` each is erased as `sodate lead erase` does it, but those
    whose date has not come, and those that opted in again.

    Example: sodate privacy requests --erase --yes
    """
    with explained():
        where = target(stage)
        waiting, times = store.requests(), Times.of_stage()
        policy, moment = data_policy(Definitions()), now(where)
        rows, begun = [_row(one, policy, moment) for one in waiting], store.erasures_begun(BECAUSE, moment)
        if drop is not None:
            item = next((one for one in waiting if one.lead_id == drop), None)
            if item is None:
                raise NotFound(
                    Message(
                        "lead {lead_id} has not asked for its erasure; `sodate privacy requests` lists who has",
                        lead_id=drop,
                    )
                )
            store.drop_request(item)
            output.show_done({"dropped": drop}, "the request is dropped; the lead stays opted out", as_json=as_json)
            return
        if erase and rows and _agrees(len(rows), yes, as_json):
            work, by = eraser(where, moment), person(where) or "unknown"
            done = carry_out(policy, lambda one: work.erase(one, "", BECAUSE, by), moment, lambda: True, by_person=True)
            output.show_done(asdict(done), Message("{erased} leads are erased", erased=done.erased), as_json=as_json)
            raise typer.Exit(output.FAILED if done.left or done.failed or done.waiting else output.OK)
    if as_json:
        output.show_json(rows)
    else:
        shown = [
            (row["lead"], row["what"], times.shown(row["at"]), times.shown(row["due"]), words(_NEXT[row["next"]]))
            for row in rows
        ]
        columns = ("lead", "what", times.column("asked"), times.column("due"), "next")
        output.show_table("Requests", columns, shown, nothing="No lead asks for it.")
        _say_bound(rows, begun)


_NEXT = {
    "later": Message("is erased at that time by itself"),
    "due": Message("is erased within the hour by itself"),
    "person": Message("a person decides by then"),
    "came_back": Message("confirmed an opt-in since: ask it"),
}


def _say_bound(rows: list[dict[str, str]], begun: int) -> None:
    due = sum(row["next"] == Step.DUE for row in rows)
    why = {
        Bound.ASKED: Message("at most {most} that wait are erased by itself", most=MOST_ASKED),
        Bound.DUE: Message("at most {most} that fall due at once are erased by itself", most=MOST_DUE),
        Bound.DAY: Message(
            "at most {most} erasures by itself a day, and {begun} have begun today", most=MOST_PER_DAY, begun=begun
        ),
    }
    bound = bound_reached(len(rows), due, begun)
    if bound is not None:
        output.say(
            Message(
                "{waiting} requests are held back: {why}. `sodate privacy requests --erase` carries them out",
                waiting=due,
                why=why[bound],
            )
        )


def _row(item: store.RequestItem, policy: DataPolicy, moment: datetime) -> dict[str, str]:
    one = asked(item)
    step, due = one.step(policy, moment), one.due_at(policy)
    return {"lead": item.lead_id, "what": item.what, "at": item.at, "due": keys.stamp(due), "next": step.value}


@app.command("replay-erasures")
def replay_erasures(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    stage: StageOption = None,
    as_json: JsonOption = False,
) -> None:
    """After a restore of the table: carry out every erasure of the ledger once more, and finish those that died.

    It changes nothing where nothing came back. Exit code 1 when something is left.

    Example: sodate privacy replay-erasures --stage prod --yes
    """
    with explained():
        where = target(stage)
        if not yes and (as_json or not output.confirm(Message("Replay all erasures on {where}?", where=where))):
            output.fail("nothing was done; add --yes")
        done = [asdict(one) | {"complete": one.is_complete} for one in replay_all(eraser(where, now(where)))]
    if as_json:
        output.show_json(done)
    else:
        again = [one for one in done if any(one["counts"].values())]
        output.say(
            Message(
                "{done_count} erasures of the ledger; of {again_count} something had come back and is erased again",
                done_count=len(done),
                again_count=len(again),
            )
        )
    raise typer.Exit(output.OK if all(one["complete"] for one in done) else output.FAILED)
