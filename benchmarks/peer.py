"""Hands django-post_office the same mails as Django templates: the same bytes come out of them."""

import json
import subprocess
from pathlib import Path
from typing import Any

from sodate.email.content.merge import merge_values
from sodate.email.content.render import render

from benchmarks import sample

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
#: Private-use characters around a name mark where a merged value lies in a rendered mail.
_OPEN, _CLOSE = "\ue000", "\ue001"
_FIELDS = ("name", "company", "title", "phone")


def is_installed() -> bool:
    return PYTHON.exists()


def django_templates() -> list[dict[str, str]]:
    marked = {name: f"{_OPEN}{name}{_CLOSE}" for name in (*_FIELDS, "unsubscribe_url", "preferences_url")}
    profile = next(sample.people(1))
    lead = profile.__class__(**{**vars(profile), "primary": {name: marked[name] for name in _FIELDS}})
    found = []
    for template in sample.material().templates:
        links = {name: marked[name] for name in ("unsubscribe_url", "preferences_url")}
        values = merge_values(lead, sample.material().mailing, preheader=template.preheader, **links)
        mail = render(template.subject, template.html, template.text, values)
        parts = {"subject": mail.subject, "html_content": mail.html, "content": mail.text}
        found.append({part: _as_django(text) for part, text in parts.items()})
    return found


def _as_django(text: str) -> str:
    return text.replace(_OPEN, "{{ ").replace(_CLOSE, " }}")


def measure(leads: int) -> dict[str, Any]:
    """CPU seconds of queueing and of sending, and how many mails."""
    people = [
        {**sample.merge_only(profile), "unsubscribe_url": url, "preferences_url": url}
        for number, profile in enumerate(sample.people(leads))
        for url in [f"{sample.PUBLIC_URL}/unsubscribe/{number:0>120}"]
    ]
    job = json.dumps({"templates": django_templates(), "people": people})
    program = str(Path(__file__).with_name("peer_post_office.py"))
    done = subprocess.run([str(PYTHON), program], input=job, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))
