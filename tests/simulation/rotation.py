"""Signing keys rotate at random moments while warm processes hold copies of them of different ages.

The real cache, the real four steps and the real links; only Secrets Manager and the clock are ours. Each link is
verified by other processes within seconds of its signing (fresh) and again at any time of its life.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError
from sodate.consent.links import OPT_IN, PREFERENCES, UNSUBSCRIBE, UNSUBSCRIBE_LIFETIME, Links
from sodate.errors import Invalid, Transient
from sodate.runtime.key_rotation import rotate_step
from sodate.runtime.secret_cache import SecretCache
from sodate.runtime.secrets import Secrets
from sodate.runtime.settings import Settings
from sodate.signing import SIGNS_AFTER, Signer

_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_BEGIN = datetime(2026, 11, 24, tzinfo=UTC)
_ACTIONS = (("sign", 50), ("read_old_link", 15), ("rotation", 20), ("cold_start", 6), ("cut_off", 8))
_MONTHS_QUIET = timedelta(days=200)


class _VersionMissing(Exception):
    pass


class SecretsManager:
    """Versions with stage labels, as far as a rotation and a reader see them."""

    exceptions = SimpleNamespace(ResourceNotFoundException=_VersionMissing)

    def __init__(self) -> None:
        self.texts: dict[str, str] = {"v0": '{"keys": []}'}
        self.labels: dict[str, list[str]] = {"v0": ["AWSCURRENT"]}

    def describe_secret(self, SecretId: str) -> dict[str, Any]:
        return {"VersionIdsToStages": {name: list(labels) for name, labels in self.labels.items()}}

    def get_secret_value(
        self, SecretId: str, VersionId: str | None = None, VersionStage: str = "AWSCURRENT"
    ) -> dict[str, Any]:
        name = VersionId or next(name for name, labels in self.labels.items() if VersionStage in labels)
        if name not in self.texts:
            raise _VersionMissing
        return {"SecretString": self.texts[name]}

    def put_secret_value(
        self, SecretId: str, ClientRequestToken: str, SecretString: str, VersionStages: list[str]
    ) -> None:
        self.texts.setdefault(ClientRequestToken, SecretString)
        self.labels[ClientRequestToken] = list(VersionStages)

    def update_secret_version_stage(
        self, SecretId: str, VersionStage: str, MoveToVersionId: str, RemoveFromVersionId: str
    ) -> None:
        self.labels[RemoveFromVersionId] = ["AWSPREVIOUS"]
        self.labels[MoveToVersionId] = [VersionStage]

    @property
    def newest(self) -> dict[str, str]:
        keys: list[dict[str, str]] = json.loads(self.get_secret_value("")["SecretString"])["keys"]
        return keys[0]


@dataclass
class Process:
    """A warm Lambda process: its copy of the keys, and whether it can reach Secrets Manager."""

    cache: SecretCache
    cut_off_until: datetime = _BEGIN


@dataclass
class Result:
    seed: int
    figures: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


class Rotations:
    def __init__(self, seed: int) -> None:
        self.rng, self.now, self.result = Random(seed), _BEGIN, Result(seed)  # noqa: S311
        self.manager = SecretsManager()
        self.steps: list[str] = []  # what is left of the rotation that runs
        self.version = 0
        self.published = _BEGIN
        self.links: list[tuple[str, str, datetime]] = []  # purpose, token, end
        self.rotate_at_once()
        self.processes = [self.new_process() for _ in range(self.rng.randint(2, 8))]

    def play(self, events: int) -> Result:
        names, weights = zip(*_ACTIONS, strict=True)
        for action in self.rng.choices(names, weights, k=events):
            self.now += self.some_time()
            getattr(self, action)()
        self.now += SIGNS_AFTER + timedelta(minutes=5)
        self.ask_that_the_newest_key_signs()
        return self.result

    def some_time(self) -> timedelta:
        """Mostly seconds, around which the races are; sometimes the months in which keys and links grow old."""
        if self.rng.random() < 0.02:
            return self.rng.random() * _MONTHS_QUIET
        return timedelta(seconds=self.rng.choice((1, 10, 200, 400, 7200)) * self.rng.random())

    # -- what happens ----------------------------------------------------------------------------------------------

    def sign(self) -> None:
        signer = self.signer_of(self.rng.choice(self.processes))
        if signer is None:
            return
        links = Links("https://x.example.jp", signer)
        purpose, url, life = self.rng.choice((
            (UNSUBSCRIBE, links.unsubscribe("L", "s", "t", self.now), UNSUBSCRIBE_LIFETIME),
            (OPT_IN, links.opt_in("L", "c", self.now), timedelta(days=7)),
            (PREFERENCES, links.preferences("L", self.now), timedelta(days=30)),
        ))  # fmt: skip
        token, end = url.rsplit("/", 1)[1], self.now + life
        self.links.append((purpose, token, end))
        self.result.figures["rotation_links_signed"] += 1
        for reader in self.rng.sample(self.processes, k=min(3, len(self.processes))):
            self.now += timedelta(seconds=20) * self.rng.random()
            self.verify(reader, purpose, token, "fresh")

    def read_old_link(self) -> None:
        living = [link for link in self.links if link[2] > self.now]
        if living:
            purpose, token, _ = self.rng.choice(living)
            self.verify(self.rng.choice(self.processes), purpose, token, "older")

    def rotation(self) -> None:
        """One step, so that the others of the same rotation lie seconds, hours or months later."""
        if not self.steps:
            self.steps, self.version = list(_STEPS), self.version + 1
            self.manager.labels[f"v{self.version}"] = ["AWSPENDING"]
        try:
            self.step(self.steps[0])
        except Invalid:  # a person takes the label off, as the message says
            self.result.figures["rotations_too_late"] += 1
            del self.manager.labels[f"v{self.version}"]
            self.steps = []
            return
        if self.rng.random() < 0.9:  # else Secrets Manager repeats the step
            self.steps.pop(0)

    def cold_start(self) -> None:
        self.processes[self.rng.randrange(len(self.processes))] = self.new_process()

    def cut_off(self) -> None:
        self.rng.choice(self.processes).cut_off_until = self.now + timedelta(hours=10) * self.rng.random()

    # -- the parts -------------------------------------------------------------------------------------------------

    def rotate_at_once(self) -> None:
        """What the first deploy does."""
        self.version += 1
        self.manager.labels[f"v{self.version}"] = ["AWSPENDING"]
        for step in _STEPS:
            self.step(step)

    def step(self, name: str) -> None:
        current = self.manager.get_secret_value("")["SecretString"]
        rotate_step(self.manager, {"SecretId": "", "ClientRequestToken": f"v{self.version}", "Step": name}, self.now)
        if self.manager.get_secret_value("")["SecretString"] != current:
            self.published = self.now
            self.result.figures["rotations"] += 1

    def new_process(self) -> Process:
        process: Process

        def read(name: str) -> str:
            if process.cut_off_until > self.now:
                raise ClientError({"Error": {"Code": "InternalServiceError"}}, "GetSecretValue")
            return str(self.manager.get_secret_value(name)["SecretString"])

        process = Process(SecretCache(read, lambda: self.now.timestamp()))
        return process

    def signer_of(self, process: Process) -> Signer | None:
        """None: a process that never read the keys and cannot; its caller is asked to come back."""
        settings = Settings({"SODATE_SIGNING_KEYS_SECRET": "signing-keys"})
        try:
            return Secrets(settings, process.cache, lambda: self.now).signer()
        except Transient:
            self.result.figures["rotation_busy"] += 1
            return None

    def verify(self, process: Process, purpose: str, token: str, age: str) -> None:
        signer = self.signer_of(process)
        if signer is None:
            return
        self.result.figures[f"rotation_{age}_links_read"] += 1
        try:
            signer.verify(purpose, token, self.now)
        except Invalid as error:
            self.result.figures[f"rotation_{age}_links_refused"] += 1
            self.result.broken.append(f"{age} {purpose} link refused at {self.now:%F %T}: {error.code}")

    def ask_that_the_newest_key_signs(self) -> None:
        """A key that never comes into use would be no rotation."""
        signer = self.signer_of(self.new_process())
        newest = self.manager.newest["key"]
        if signer is None or signer.keys[-1] != newest:
            self.result.broken.append(f"a key published at {self.published:%F %T} does not sign a day later")


def play(seed: int, events: int = 400) -> Result:
    return Rotations(seed).play(events)
