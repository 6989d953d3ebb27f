"""django-post_office with the same mails: queue, then `send_queued`, on SQLite and Django's in-memory mail backend.

Runs in `.venv-bench`, a program of its own: reads the job from standard input, writes CPU seconds to standard output.
It gets its fastest documented ways: rows made in bulk (`send_many`), rendering once (not on delivery), no logging of
sends, one process, batches of 1,000, WAL and no fsync. It claims nothing.
"""

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SENDER = "news@example.jp"


def configure(folder: Path) -> None:
    import django
    from django.conf import settings

    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(folder / "mails.sqlite3"),
                "OPTIONS": {"init_command": "PRAGMA journal_mode=wal; PRAGMA synchronous=off;"},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        EMAIL_BACKEND="post_office.EmailBackend",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.locmem.EmailBackend"},
            "BATCH_SIZE": 1000,
            "LOG_LEVEL": 0,
            "MESSAGE_ID_ENABLED": False,
        },
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def run(job: dict[str, Any]) -> dict[str, float]:
    from django.core import mail as outbox
    from post_office import mail
    from post_office.mail import send_queued
    from post_office.models import EmailTemplate

    templates = [EmailTemplate.objects.create(name=f"step-{n}", **body) for n, body in enumerate(job["templates"])]
    outbox.outbox = []
    begun = time.process_time()
    for template in templates:
        mail.send_many(
            [
                {
                    "recipients": [person["email"]],
                    "sender": SENDER,
                    "template": template,
                    "context": person,
                    "headers": {
                        "List-Unsubscribe": f"<{person['unsubscribe_url']}>",
                        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                    },
                }
                for person in job["people"]
            ]
        )
    queued = time.process_time()
    sent = 0
    while count := send_queued(processes=1, log_level=0)[0]:
        sent += count
    done = time.process_time()
    assert len(outbox.outbox) == sent == len(job["people"]) * len(templates), (len(outbox.outbox), sent)
    first = outbox.outbox[0]
    html = first.alternatives[0][0]
    return {"mails": sent, "queue_s": queued - begun, "send_s": done - queued, "html_bytes": len(html.encode())}


def main() -> None:
    with TemporaryDirectory() as folder:
        configure(Path(folder))
        json.dump(run(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
