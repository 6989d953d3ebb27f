"""The first playbook of a company: files of a folder `ja` or `en`, with the company's own values filled in."""

import html
import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from string import Template

from sodate.email.mailing import Topic

from sodate_cli.playbook.starter.answers import Company, origin_of

FOLDER = Path(__file__).parent


def starter_files(company: Company, today: date) -> Iterator[tuple[str, str]]:
    """Path and text of each file, in the language of the sender."""
    folder, values = FOLDER / company.sender.language, _values(company, today)
    for path in sorted(file for file in folder.rglob("*") if file.suffix in (".yaml", ".mjml", ".md")):
        escaped = {name: _escaped(value, path.suffix) for name, value in values.items()}
        escaped |= {
            "topics": _topic_lines(company.topics),
            "topic_ids": ", ".join(topic.id for topic in company.topics),
        }
        yield path.relative_to(folder).as_posix(), Template(path.read_text(encoding="utf-8")).substitute(escaped)


def _values(company: Company, today: date) -> Mapping[str, str]:
    sender = company.sender
    joined = "・" if sender.language == "ja" else " and "
    return {
        "company": sender.name,
        "from_address": sender.from_address,
        "reply_to": sender.reply_to or sender.from_address,
        "postal_address": sender.postal_address,
        "contact": sender.contact,
        "website": company.website,
        "origin": origin_of(company.website),
        "topic": company.topics[0].id,
        "topic_names": joined.join(topic.name for topic in company.topics),
        "owner_name": company.owner[0],
        "owner_address": company.owner[1],
        "color": company.color,
        "today": today.isoformat(),
        "next_year": (today + timedelta(days=364)).isoformat(),
    }


def _escaped(value: str, suffix: str) -> str:
    """Placeholders of YAML files stand in double quotes, where YAML reads what JSON writes; MJML is XML."""
    return json.dumps(value, ensure_ascii=False)[1:-1] if suffix == ".yaml" else html.escape(value)


def _topic_lines(topics: tuple[Topic, ...]) -> str:
    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    return "".join(f"  - id: {topic.id}\n    name: {quoted(topic.name)}\n" for topic in topics)
