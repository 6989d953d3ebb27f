"""`sodate playbook init`: a company's own playbook, complete and checked, from a few answers."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from sodate.messages import Message, joined
from sodate.runtime import clock

from sodate_cli import output
from sodate_cli.languages import words

if TYPE_CHECKING:
    from sodate.playbook.model import Language

Directory = Annotated[
    Path, typer.Argument(help="A directory that does not exist yet, or is empty.", show_default=False)
]
_TOPICS = {"ja": "news=製品・サービスのご案内", "en": "news=our products and services"}


@dataclass(frozen=True)
class Question:
    """What a person is asked when the option is not given. `default`: None when there is none."""

    option: str
    text: Message
    default: str | None = None


#: Puts a question to a person.
Ask = Callable[[Question], str]


def init(
    directory: Directory,
    company: Annotated[str, typer.Option("--company", help="Name of the sender, as people know it.")] = "",
    from_address: Annotated[str, typer.Option("--from", help="The address that emails come from.")] = "",
    reply_to: Annotated[str, typer.Option("--reply-to", help="Where answers go; default: the address of --from.")] = "",
    postal_address: Annotated[str, typer.Option("--postal-address", help="住所: the law wants it in emails.")] = "",
    contact: Annotated[str, typer.Option("--contact", help="Where complaints go; default: --reply-to.")] = "",
    website: Annotated[str, typer.Option("--website", help="https://www.example.jp: it holds the forms.")] = "",
    topics: Annotated[
        list[str] | None, typer.Option("--topic", help="What people agree to, ID=NAME (repeat for more).")
    ] = None,
    sales: Annotated[str, typer.Option("--sales", help='Who is told about hot leads: "NAME <ADDRESS>".')] = "",
    color: Annotated[str, typer.Option("--color", help="Of buttons and links: #rrggbb.")] = "#0b6e4f",
    language: Annotated[str, typer.Option("--language", help="Of forms and emails: ja or en.")] = "ja",
    as_json: output.JsonOption = False,
) -> None:
    """A new playbook: forms, step mail, a scenario, segments, a campaign, rules, sales. Asks for what is not given.

    Example: sodate playbook init my-playbook
    """
    from sodate.authoring.check import check
    from sodate.contrast import is_color

    from sodate_cli.playbook.show import show_problems
    from sodate_cli.playbook.starter.answers import company_of
    from sodate_cli.playbook.starter.files import starter_files

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        output.fail(
            Message(
                "{directory} is there already, and init overwrites nothing: name a new directory", directory=directory
            ),
            output.USAGE,
        )
    if language not in _TOPICS:
        output.fail(Message("--language {language}: write ja or en", language=language), output.USAGE)
    if not is_color(color):
        output.fail(Message("--color {color}: write #rrggbb, e.g. #0b6e4f", color=color), output.USAGE)
    given = {
        "company": company, "from": from_address, "reply-to": reply_to, "postal-address": postal_address,
        "contact": contact, "website": website, "topic": "\n".join(topics or ()), "sales": sales,
    }  # fmt: skip
    answers = answers_from(given, language, _prompt if sys.stdin.isatty() and not as_json else None)
    made = company_of(answers, cast("Language", language), color)
    written = []
    try:
        for name, text in starter_files(made, clock.now().date()):
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(str(path))
    except OSError as error:
        output.fail(Message("cannot write {filename}: {strerror}", filename=error.filename, strerror=error.strerror))
    checked = check(directory)
    if as_json:
        output.show_json({"written": written, "ok": checked.ok})
        return
    output.show_text("\n".join(written))
    show_problems(checked, as_json=False)
    output.say(
        Message(
            "Next: read {directory}/playbook.yaml and README.md; what is to be filled in first has a mark there.",
            directory=directory,
        )
    )
    output.say(
        Message(
            "Try it here: sodate local up --playbook {directory} (when it runs: sodate playbook apply {directory})",
            directory=directory,
        )
    )


def _question(option: str, answers: dict[str, str], language: str) -> Question:
    """Defaults come from earlier answers."""
    reply_to = answers.get("reply-to")
    questions: dict[str, tuple[Message, str | None]] = {
        "company": (Message("Name of the sender"), None),
        "from": (Message("Address that emails come from"), None),
        "reply-to": (Message("Address for answers"), answers.get("from")),
        "postal-address": (Message("Postal address"), None),
        "contact": (Message("Where complaints go: address, URL or telephone"), reply_to),
        "website": (Message("Website that holds the forms, https://…"), None),
        "topic": (Message("What people agree to, ID=NAME"), _TOPICS[language]),
        "sales": (
            Message("Who is told about hot leads, NAME <ADDRESS>"),
            f"{_without_brackets(answers['company'])} <{reply_to}>" if reply_to else None,
        ),
    }
    text, default = questions[option]
    return Question(option, text, default)


def _without_brackets(name: str) -> str:
    return "".join(character for character in name if character not in '<>"(),')


def answers_from(given: dict[str, str], language: str, ask: "Ask | None") -> dict[str, str]:
    """Asks a person until the answer can be used; without `ask`, ends with one list of what is missing or wrong."""
    from sodate_cli.playbook.starter.answers import cleaned, why_wrong

    answers: dict[str, str] = {}
    refused: list[Message] = []
    for option, value in given.items():
        question = _question(option, answers, language)
        if not value and ask is not None:
            answers[option] = _asked(question, ask)
            continue
        answer = answers[option] = cleaned(option, value or question.default or "")
        if not answer:
            refused.append(Message("--{option} is missing", option=option))
        elif (value or not refused) and (why := why_wrong(option, answer)):  # a default comes from earlier answers
            refused.append(Message("--{option} {answer}: {why}", option=option, answer=answer, why=why))
    if refused:
        output.fail(joined("\n        ", refused), output.USAGE)
    return answers


def _asked(question: Question, ask: "Ask") -> str:
    from sodate_cli.playbook.starter.answers import cleaned, why_wrong

    while True:
        answer = cleaned(question.option, ask(question))
        if not (why := why_wrong(question.option, answer)):
            return answer
        output.say(why)


def _prompt(question: Question) -> str:
    return str(typer.prompt(words(question.text), default=question.default))
