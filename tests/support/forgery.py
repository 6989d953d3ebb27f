"""Forged links: good tokens damaged in every way we could think of, by a seeded generator. None may be accepted."""

import base64
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from string import ascii_letters, digits

from sodate.consent.links import OPT_IN, PREFERENCES, UNSUBSCRIBE
from sodate.errors import Invalid
from sodate.signing import Signer

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PURPOSES = (OPT_IN, UNSUBSCRIBE, PREFERENCES)
#: Oldest first: two keys of earlier rotations are still active.
SIGNER = Signer(("key-of-spring", "key-of-summer", "key-of-autumn"))
STRANGER = Signer(("not-one-of-ours",))
ALPHABET = ascii_letters + digits + "-_"
JUNK = "=+/ .!~\n\x00\u00e9\u3042%&#?"


def forge(seed: int, n: int) -> int:
    """How many of `n` forged tokens are accepted, for whatever purpose."""
    chance = random.Random(seed)  # noqa: S311  (a replayable generator of damage, no secret)
    return sum(_is_accepted(*_forged(chance)) for _ in range(n))


def _forged(chance: random.Random) -> tuple[str, str]:
    """(purpose that it is shown for, token)"""
    purpose = chance.choice(PURPOSES)
    good = SIGNER.sign(purpose, _payload(chance, purpose), NOW, timedelta(days=30))
    while True:
        asked, token = chance.choice(FORGERIES)(chance, purpose, good)
        if (asked, token) != (purpose, good):
            return asked, token


def _is_accepted(purpose: str, token: str) -> bool:
    try:
        SIGNER.verify(purpose, token, NOW)
    except Invalid:
        return False
    return True


def _payload(chance: random.Random, purpose: str) -> dict[str, str]:
    lead = "".join(chance.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=26))
    send = f"{chance.getrandbits(128):032x}"
    return {
        OPT_IN: {"l": lead, "c": f"CONSENT#2026-11-24T00:00:00.000Z#{send[:16]}"},
        UNSUBSCRIBE: {"l": lead, "s": send, "t": "product-news"},
        PREFERENCES: {"l": lead},
    }[purpose]


def _another_letter(chance: random.Random, purpose: str, good: str) -> tuple[str, str]:
    place = chance.randrange(len(good))
    return purpose, good[:place] + chance.choice(ALPHABET) + good[place + 1 :]


def _flipped_bit(chance: random.Random, purpose: str, good: str) -> tuple[str, str]:
    """Of what the letters stand for, so that the last one is reached too."""
    payload, _, signature = good.rpartition(".")
    part = chance.choice(("payload", "signature"))
    raw = bytearray(_decoded(payload if part == "payload" else signature))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return purpose, f"{_encoded(raw)}.{signature}" if part == "payload" else f"{payload}.{_encoded(raw)}"


def _cut(chance: random.Random, purpose: str, good: str) -> tuple[str, str]:
    begin, end = sorted(chance.choices(range(len(good) + 1), k=2))
    return purpose, chance.choice((good[begin:end], good[:begin] + good[end:]))


def _other_case(chance: random.Random, purpose: str, good: str) -> tuple[str, str]:
    return purpose, chance.choice((good.swapcase(), good.lower(), good.upper(), good.title()))


def _junk_between(chance: random.Random, purpose: str, good: str) -> tuple[str, str]:
    """Lenient base64 readers skip what is no letter of theirs."""
    place = chance.randrange(len(good) + 1)
    return purpose, good[:place] + chance.choice(JUNK) * chance.randint(1, 3) + good[place:]


def _other_purpose(chance: random.Random, purpose: str, good: str) -> tuple[str, str]:
    return chance.choice([name for name in PURPOSES if name != purpose]), good


def _foreign_key(chance: random.Random, purpose: str, _: str) -> tuple[str, str]:
    return purpose, STRANGER.sign(purpose, _payload(chance, purpose), NOW, timedelta(days=30))


def _over(chance: random.Random, purpose: str, _: str) -> tuple[str, str]:
    since = NOW - timedelta(days=chance.randint(31, 3000))
    return purpose, SIGNER.sign(purpose, _payload(chance, purpose), since, timedelta(days=30))


def _signature_of_another(chance: random.Random, purpose: str, good: str) -> tuple[str, str]:
    other = SIGNER.sign(purpose, _payload(chance, purpose), NOW, timedelta(days=30))
    return purpose, f"{good.rpartition('.')[0]}.{other.rpartition('.')[2]}"


def _own_payload(chance: random.Random, purpose: str, good: str) -> tuple[str, str]:
    claim = chance.choice((b'{"l":"x","x":9999999999}', b"{}", b"null", b"[]", b'{"alg":"none"}', b""))
    return purpose, f"{_encoded(claim)}.{chance.choice(('', good.rpartition('.')[2], 'A' * 43))}"


def _noise(chance: random.Random, purpose: str, _: str) -> tuple[str, str]:
    return purpose, "".join(chance.choices(ALPHABET + "." + JUNK, k=chance.randint(0, 400)))


FORGERIES: tuple[Callable[[random.Random, str, str], tuple[str, str]], ...] = (
    _another_letter,
    _flipped_bit,
    _cut,
    _other_case,
    _junk_between,
    _other_purpose,
    _foreign_key,
    _over,
    _signature_of_another,
    _own_payload,
    _noise,
)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.lstrip(".") + "=" * (-len(text.lstrip(".")) % 4))


def _encoded(raw: bytes | bytearray) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
