"""Which stage a name means: `local`, one of `stages.toml`, or under any other name an ephemeral stage like `dev`.

A stage that keeps its data is refused while a placeholder stands in it or nobody hears its alarms. Every mistake here
is a person's, so each is a `StageInvalid` with one line: what is wrong, where, and what to write.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from infra.config import DEV, PROD, LocalCloud, MailIdentity, Stage, Throttle, local_stage

ROOT = Path(__file__).resolve().parent.parent
STAGES_FILE = ROOT / "stages.toml"
LOCAL = "local"
#: The longest name of ours is the import bucket's: with account and region it must stay within S3's 63 characters.
STAGE_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,14}[a-z0-9])?")
#: Domains that documentation may use (RFC 2606, JPRS): nobody's mail comes from there.
_PLACEHOLDER = re.compile(r"(?:^|[.@/])example(?:\.(?:com|net|org|jp|co\.jp|ne\.jp|or\.jp))?(?:[:/]|$)", re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_IDENTITY = re.compile(r"(?:[^@\s]+@)?[^@\s./:]+(?:\.[^@\s./:]+)+")
_SUBDOMAIN = re.compile(r"(?=.{4,190}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){2,}[a-z]{2,63}")
#: Settings of earlier releases → what to do instead.
_GONE = {
    "origins": "delete the line: pages stand in `origins` of each form and of tracking.yaml, and `apply` is enough"
}
_LOG_DAYS = (1, 7, 14, 30, 60, 90)
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class StageInvalid(ValueError):
    """The stage cannot be built as it is written. The message is one line for a person."""


def stage_named(
    name: str, local: LocalCloud | None = None, file: Path | None = None, *, first_deploy: bool = False
) -> Stage:
    """The stage of this name, with the values of `file`; `local` is used by the local stage only.

    Raises:
        StageInvalid: a name, a file or a value that cannot be used.
    """
    if not STAGE_NAME.fullmatch(name):
        raise StageInvalid(
            f"stage {name!r}: write 1 to 16 of a-z, 0-9 and '-', beginning with a letter and not ending with '-'"
        )
    if name == LOCAL:
        return local_stage(local or LocalCloud())
    file = file or STAGES_FILE
    stage = {"dev": DEV, "prod": PROD}.get(name) or replace(DEV, name=name)
    return complete(replace(stage, **_own_values(name, file), first_deploy=first_deploy), file)


def is_declared(name: str, file: Path | None = None) -> bool:
    """Somebody wrote this name down: it is no slip of the keyboard."""
    return name in (LOCAL, "dev", "prod") or name in _read(file or STAGES_FILE)


def complete(stage: Stage, file: Path = STAGES_FILE) -> Stage:
    """The stage itself.

    Raises:
        StageInvalid: the stage keeps its data, and its values are not real yet.
    """
    if stage.reply_domain is not None and stage.reply_domain == stage.mail_identity.name.rpartition("@")[2]:
        raise StageInvalid(
            f"stage {stage.name!r}: reply_domain {stage.reply_domain} is the domain of mail_identity, whose mailboxes "
            f"would get no email any more; take a subdomain of its own under [{stage.name}] in {file.name}"
        )
    missing = [name for name, values in _of_the_company(stage).items() if any(map(_PLACEHOLDER.search, values))]
    if stage.alarm_email is None:
        missing.append("alarm_email")
    if stage.retained and stage.local is None and missing:
        raise StageInvalid(
            f"stage {stage.name!r} keeps its data, so it needs your own values: set {', '.join(missing)} "
            f"under [{stage.name}] in {file.name} (docs/operations/deploy.md)"
        )
    return stage


def has_placeholders(stage: Stage) -> bool:
    return any(_PLACEHOLDER.search(value) for values in _of_the_company(stage).values() for value in values)


def _of_the_company(stage: Stage) -> dict[str, tuple[str, ...]]:
    """The values that only the company that deploys can know."""
    return {
        "mail_identity": (stage.mail_identity.name,),
        "public_url": (stage.public_url or "",),
        "alarm_email": (stage.alarm_email or "",),
        "reply_domain": (stage.reply_domain or "",),
    }


def _own_values(name: str, file: Path) -> dict[str, Any]:
    table = _read(file).get(name, {})
    if not isinstance(table, Mapping):
        raise StageInvalid(f"{file.name}: {name} must be a table, written [{name}]")
    values = {}
    for key, value in table.items():
        if key in _GONE:
            raise StageInvalid(f"{file.name}: [{name}] {key} is no setting any more; {_GONE[key]}")
        if key not in SETTINGS:
            raise StageInvalid(f"{file.name}: [{name}] {key} is no setting; there are {', '.join(sorted(SETTINGS))}")
        try:
            values[key] = SETTINGS[key](value)
        except (ValueError, TypeError, KeyError) as error:
            raise StageInvalid(f"{file.name}: [{name}] {key} = {value!r}: {error}") from error
    return values


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        if file == STAGES_FILE:
            return {}
        raise StageInvalid(f"stages file {file} is not there; check `-c stages=…`")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StageInvalid(f"{file.name} is no TOML file: {error}") from error


def _text(pattern: re.Pattern[str], wanted: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"write {wanted}")
        return value

    return read


def _number(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"write a whole number from {low} to {high}")
        return value

    return read


def _one_of(known: tuple[Any, ...]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) not in map(type, known) or value not in known:  # to Python, 1 is True
            raise ValueError(f"write one of {', '.join(map(str, known))}")
        return value

    return read


def _list(one: Callable[[Any], str]) -> Callable[[Any], tuple[str, ...]]:
    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > 20:
            raise ValueError('write a list of at most 20, such as ["one", "two"]')
        return tuple(one(entry) for entry in value)

    return read


def _throttle(value: Any) -> Throttle:
    if not isinstance(value, Mapping) or set(value) != {"requests_per_second", "burst"}:
        raise ValueError("write { requests_per_second = 100, burst = 200 }")
    read = _number(1, 10_000)
    return Throttle(read(value["requests_per_second"]), read(value["burst"]))


_flag = _one_of((True, False))
_identity = _text(_IDENTITY, "a domain or one address that SES has verified")
SETTINGS: Mapping[str, Callable[[Any], Any]] = {
    "mail_identity": lambda value: MailIdentity(_identity(value)),
    "throttle": _throttle,
    "events_throttle": _throttle,
    "log_level": _one_of(_LOG_LEVELS),
    "log_retention_days": _one_of(_LOG_DAYS),
    "region": _text(re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d"), 'a region such as "ap-northeast-1"'),
    "public_url": _text(re.compile(r"https://[^\s]+[^\s/]"), "an https address without a slash at its end"),
    "alarm_email": _text(_ADDRESS, "one address"),
    "retained": _flag,
    "customer_managed_key": _flag,
    "reserve_concurrency": _flag,
    "senders_at_once": _number(2, 1000),
    "sandbox_recipients": _list(_identity),
    "events_window_s": _number(0, 300),
    "announce_routine": _flag,
    "reply_domain": _text(
        _SUBDOMAIN, 'a subdomain in lower case that only Sodate uses, such as "reply.your-company.jp"'
    ),
    "reply_rule_set": _text(re.compile(r"[A-Za-z0-9_-]{1,64}"), "the name of an SES receipt rule set"),
    "reply_days": _number(1, 30),
}
