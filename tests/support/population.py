"""Generated leads with their logs, as items of the table in DynamoDB's own JSON, lead by lead."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 1, tzinfo=UTC)
_TYPES = ("mail_opened",) * 6 + ("page_viewed",) * 6 + ("mail_clicked",) * 3 + ("form_submitted",)
_TITLES = ("部長", "課長", "一般", "")


def items_of(number: int, activities: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    """In the order of their sort keys, as the table holds them."""
    pk, at = f"LEAD#01POP{number:021d}", START + timedelta(minutes=rng.randrange(200_000))
    created = f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
    for place in range(activities):
        at += timedelta(minutes=rng.randrange(1, 9000))
        stamp = f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
        key = f"{number % 0xFFFFFFFF:08x}{place:08x}"
        about = {"link": {"S": rng.choice(("https://x.jp/pricing", "https://x.jp/a"))}, "page": {"S": "/demo"}}
        yield {"pk": {"S": pk}, "sk": {"S": f"ACT#{stamp}#{key}"}, "kind": {"S": "activity"}, "at": {"S": stamp},
               "type": {"S": rng.choice(_TYPES)}, "key": {"S": key}, "about": {"M": about}}  # fmt: skip
    address = f"p{number}@example.jp"
    yield {"pk": {"S": pk}, "sk": {"S": "PROFILE"}, "kind": {"S": "profile"}, "mailbox": {"S": address},
           "address": {"S": address}, "language": {"S": "ja"}, "created": {"S": created},
           "primary": {"M": {"title": {"S": rng.choice(_TITLES)}}}, "secondary": {"M": {}},
           "source": {"M": {"utm_source": {"S": rng.choice(("ads", "seminar"))}}}}  # fmt: skip


def lines(leads: int, activities: int, seed: int = 1) -> Iterator[str]:
    rng = random.Random(seed)  # noqa: S311  repeatable, not secret
    for number in range(leads):
        for item in items_of(number, activities, rng):
            yield json.dumps({"Item": item}, ensure_ascii=False) + "\n"
