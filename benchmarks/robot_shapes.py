"""Labelled opens and clicks of one email at a time, in the shapes that senders have published. Nothing of Sodate's.

Shapes and shares come from the sources of docs/robots.md, not from the rules of the classifier: when bursts begin and
how many links they follow (craft-campaign#546), gateways that fetch within milliseconds with a browser's name and their
single-link hits (millionsend#22), one link a second (mautic#9798), HTTP libraries (craft-campaign#546), a check of what
was just clicked (resend-node#901), clicks one to three seconds after sending (gophish#1555), Apple's prefetch
(SocketLabs), image proxies. How many of each is our assumption. Repeatable from a seed.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.robot_agents import BROWSERS, CLOUD, GATEWAYS, HOMES, LIBRARIES, OLD_BROWSERS, PREVIEWS

PERSON, ROBOT = "person", "robot"


@dataclass(frozen=True)
class Event:
    """`at`: seconds since the email was sent. `link`: number of the link; None: an open. `by`: the label."""

    at: float
    by: str
    shape: str
    agent: str
    address: str
    link: int | None = None
    method: str = "GET"


@dataclass(frozen=True)
class Labelled:
    """One email. The last two of its `links` are unsubscribe and preferences."""

    domain: str
    links: int
    events: tuple[Event, ...]


Shape = Callable[[random.Random, int], Iterator[Event]]


def emails(count: int, seed: int) -> list[Labelled]:
    rng = random.Random(seed)  # noqa: S311  repeatable, not secret
    return [_email(rng) for _ in range(count)]


#: Recipient domains: a third has a gateway of one kind, which looks at every email.
_DOMAINS = 300


def _email(rng: random.Random) -> Labelled:
    number = rng.randrange(_DOMAINS)
    links = rng.randint(5, 12)
    events: list[Event] = []
    if number % 3 == 0:
        gateway = _GATEWAYS[number // 3]
        events += gateway(rng, links)
        if rng.random() < 0.25:
            events += _person(rng, links)
    else:
        if rng.random() < 0.3:
            events += _apple(rng, links)
        events += _person(rng, links)
        if rng.random() < 0.03:
            events += _preview(rng, links)
    return Labelled(f"company{number}.example", links, tuple(sorted(events, key=lambda one: one.at)))


# -- robots ------------------------------------------------------------------------------------------------------------


def _start_of_burst(rng: random.Random) -> float:
    """The published table of 836 bursts."""
    low, high = rng.choices(
        ((3, 10), (10, 20), (20, 60), (60, 300), (300, 1800), (3600, 86400)), (0.5, 2.2, 66.4, 28.3, 1.9, 0.7)
    )[0]
    return rng.uniform(low, high)


def _sweep(rng: random.Random, links: int) -> Iterator[Event]:
    """An image first, then all links within a second."""
    agent, address, start = rng.choice(BROWSERS), rng.choice(CLOUD), _start_of_burst(rng)
    yield Event(min(start * 0.9, rng.expovariate(1 / 12) + 1), ROBOT, "sweep", agent, address)
    for link in range(links):
        yield Event(start + rng.uniform(0, 0.95), ROBOT, "sweep", agent, address, link)


def _milliseconds(rng: random.Random, links: int) -> Iterator[Event]:
    """All links within milliseconds, each from another machine of the fleet."""
    start = rng.uniform(15, 400)
    for link in range(links):
        at = start + rng.uniform(0, 0.05)
        yield Event(at, ROBOT, "milliseconds", rng.choice(OLD_BROWSERS), rng.choice(GATEWAYS), link)


def _link_a_second(rng: random.Random, links: int) -> Iterator[Event]:
    agent, address, at = rng.choice(BROWSERS), rng.choice(CLOUD), _start_of_burst(rng)
    for link in range(links):
        yield Event(at, ROBOT, "link a second", agent, address, link)
        at += rng.uniform(0.7, 1.4)


def _slow_walk(rng: random.Random, links: int) -> Iterator[Event]:
    """All links over about a minute."""
    agent, address, start = rng.choice(BROWSERS), rng.choice(CLOUD), _start_of_burst(rng)
    step = 60 / links
    for link in range(links):
        yield Event(start + step * link + rng.uniform(-0.3, 0.3) * step, ROBOT, "slow walk", agent, address, link)


def _library(rng: random.Random, links: int) -> Iterator[Event]:
    agent, address, at = rng.choice(LIBRARIES), rng.choice(CLOUD), _start_of_burst(rng)
    for link in range(rng.randint(1, links)):
        yield Event(at, ROBOT, "HTTP library", agent, address, link)
        at += rng.uniform(0.1, 20)


def _head_then_get(rng: random.Random, links: int) -> Iterator[Event]:
    agent, address, at = rng.choice(BROWSERS), rng.choice(CLOUD), _start_of_burst(rng)
    for link in range(links):
        yield Event(at, ROBOT, "HEAD then GET", agent, address, link, "HEAD")
        yield Event(at + rng.uniform(0.1, 0.8), ROBOT, "HEAD then GET", agent, address, link)
        at += rng.uniform(0.2, 1.5)


def _first_link(rng: random.Random, links: int) -> Iterator[Event]:
    """A single hit from the fleet of a gateway; three of ten look like anybody's browser."""
    known = rng.random() < 0.7
    agent = rng.choice(OLD_BROWSERS if known else BROWSERS)
    address = rng.choice(GATEWAYS if known else CLOUD)
    yield Event(rng.uniform(20, 400), ROBOT, "first link only", agent, address, 0)


def _at_once(rng: random.Random, links: int) -> Iterator[Event]:
    """One to three seconds after sending, with an old browser's name."""
    agent, address, at = rng.choice(OLD_BROWSERS), rng.choice(CLOUD), rng.uniform(1, 3)
    for link in range(rng.randint(1, 4)):
        yield Event(at + 0.2 * link, ROBOT, "at once", agent, address, link)


def _preview(rng: random.Random, links: int) -> Iterator[Event]:
    yield Event(rng.uniform(60, 86400), ROBOT, "link preview", rng.choice(PREVIEWS), rng.choice(CLOUD), 0)


def _apple(rng: random.Random, links: int) -> Iterator[Event]:
    yield Event(rng.uniform(5, 7200), ROBOT, "Apple prefetch", "Mozilla/5.0", rng.choice(CLOUD))


_GATEWAY_SHAPES: tuple[tuple[Shape, int], ...] = (
    (_sweep, 50), (_milliseconds, 15), (_link_a_second, 10), (_library, 8), (_slow_walk, 6), (_head_then_get, 5),
    (_at_once, 3), (_first_link, 3),
)  # fmt: skip


#: One per domain with a gateway.
_GATEWAYS = tuple(shape for shape, share in _GATEWAY_SHAPES for _ in range(share))


# -- people ------------------------------------------------------------------------------------------------------------


def _person(rng: random.Random, links: int) -> Iterator[Event]:
    """Half of them never click."""
    opened = max(8.0, rng.lognormvariate(8.0, 1.8))  # a median of 50 minutes; some within seconds
    phone, desktop = rng.choice(BROWSERS), rng.choice(BROWSERS)
    home, office = rng.choice(HOMES), rng.choice(HOMES)
    mail = rng.choice((phone, desktop, "Mozilla/5.0 (Windows NT 5.1) Firefox/11.0 (via ggpht.com GoogleImageProxy)"))
    yield Event(opened, PERSON, "open", mail, home)
    if rng.random() < 0.3:
        yield Event(opened + rng.uniform(60, 20_000), PERSON, "open again", desktop, office)
    kinds = (_nothing, _one, _double, _several, _tabs, _devices, _forward, _leaves)
    what = rng.choices(kinds, (50, 25, 4, 10, 1, 4, 3, 3))[0]
    yield from what(rng, links, opened + rng.uniform(3, 90), (phone, home), (desktop, office))


Device = tuple[str, str]


def _nothing(rng: random.Random, links: int, at: float, first: Device, second: Device) -> Iterator[Event]:
    return iter(())


def _one(rng: random.Random, links: int, at: float, first: Device, second: Device) -> Iterator[Event]:
    yield Event(at, PERSON, "one click", *first, rng.randrange(links - 2))


def _double(rng: random.Random, links: int, at: float, first: Device, second: Device) -> Iterator[Event]:
    link = rng.randrange(links - 2)
    yield Event(at, PERSON, "double click", *first, link)
    yield Event(at + rng.uniform(0.15, 0.9), PERSON, "double click", *first, link)


def _several(rng: random.Random, links: int, at: float, first: Device, second: Device) -> Iterator[Event]:
    """Reads, comes back, follows the next one."""
    for link in rng.sample(range(links - 2), min(links - 2, rng.randint(2, 4))):
        yield Event(at, PERSON, "several links", *first, link)
        at += max(4.0, rng.lognormvariate(3.6, 0.9))  # a median of 37 seconds


def _tabs(rng: random.Random, links: int, at: float, first: Device, second: Device) -> Iterator[Event]:
    """Opens several links in tabs, to read them later."""
    for link in rng.sample(range(links - 2), min(links - 2, rng.randint(2, 3))):
        yield Event(at, PERSON, "tabs", *first, link)
        at += rng.uniform(1.2, 4)


def _devices(rng: random.Random, links: int, at: float, first: Device, second: Device) -> Iterator[Event]:
    link = rng.randrange(links - 2)
    yield Event(at, PERSON, "phone, then desktop", *first, link)
    yield Event(at + rng.uniform(40, 30_000), PERSON, "phone, then desktop", *second, link)


def _forward(rng: random.Random, links: int, at: float, first: Device, second: Device) -> Iterator[Event]:
    """Colleagues click the link that was forwarded to them."""
    link = rng.randrange(links - 2)
    yield Event(at, PERSON, "forwarded", *first, link)
    for _ in range(rng.randint(1, 4)):
        at += rng.uniform(60, 10_000)
        yield Event(at, PERSON, "forwarded", rng.choice(BROWSERS), rng.choice(HOMES), link)


def _leaves(rng: random.Random, links: int, at: float, first: Device, second: Device) -> Iterator[Event]:
    yield Event(at, PERSON, "reads and leaves", *first, rng.randrange(links - 2))
    yield Event(at + rng.uniform(10, 120), PERSON, "reads and leaves", *first, links - 2)
