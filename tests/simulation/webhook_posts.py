"""Endpoints of webhook steps that fail often, and what became of each post: accepted, or failed by its policy."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from sodate.activities.activity import activity_key
from sodate.dynamodb import keys
from sodate.errors import Invalid, Transient
from sodate.leads.store import to_state
from sodate.scenarios.due_entry import WebhookPost

from tests.simulation.world import SimulatedWorld

#: By host: share of posts without an answer, and with an answer that is final.
_FAULTS = {"retry.example.com": (0.4, 0.02), "stop.example.com": (0.3, 0.2), "skip.example.com": (0.4, 0.0)}
#: A post that is retried is tried so often.
_TRIES = 7
#: One of each policy, in the middle of a scenario: whatever the endpoint does, the lead goes on.
STEPS: tuple[dict[str, Any], ...] = (
    {"id": "retry", "webhook": "https://retry.example.com/lead", "on_error": "retry"},
    {"id": "skip", "webhook": "https://skip.example.com/lead", "on_error": "skip"},
    {"id": "stop", "webhook": "https://stop.example.com/lead", "on_error": "stop"},
)


class WebhookPosts:
    """`answers`: by post, what its endpoint did, in order."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self.answers: dict[str, list[str]] = defaultdict(list)
        world.answer_webhook = self._answer  # type: ignore[method-assign]

    def _answer(self, post: Any) -> int:
        world, (silent, final) = self._world, _FAULTS[urlsplit(post.url).netloc]
        dice, answers = world.rng.random(), self.answers[post.message_id]
        answers.append("silent" if dice < silent else "final" if dice < silent + final else "accepted")
        world.point("after webhook")
        if answers[-1] == "silent":
            raise Transient("the webhook answered 503")
        if answers[-1] == "final":
            raise Invalid("the webhook answered 410", "webhook")
        return 200

    @property
    def figures(self) -> Counter[str]:
        return Counter(f"webhook_{answer}" for answers in self.answers.values() for answer in answers)

    def broken(self) -> Iterator[str]:
        planned = {post.id: post for post in self._planned()}
        for post_id, post in planned.items():
            answers, failed = self.answers[post_id], self._failed_at(post)
            what = f"post {post.step} of {post.lead_id} ({', '.join(answers)})"
            if failed is None and "accepted" not in answers:
                yield f"{what} was neither accepted nor given up"
            if failed is not None and not _is_given_up(post.step, answers):
                yield f"{what} was given up too early"
            if failed is not None and post.step == "stop" and not self._has_stopped(post, failed):
                yield f"{what} failed and the enrollment went on"
        yield from (f"{post_id} was posted and never planned" for post_id in self.answers.keys() - planned.keys())
        stopped = {post.enrollment_id for post in planned.values() if post.step == "stop" and self._failed_at(post)}
        yield from (f"{lead} was stopped by no failure" for lead, id_ in self._stopped() if id_ not in stopped)

    def _planned(self) -> Iterator[WebhookPost]:
        for (_, sk), _, new in self._world.table.history:
            if new is not None and sk.startswith(f"{WebhookPost.what}#"):
                yield WebhookPost.parse(json.loads(new["message"]["S"]))

    def _failed_at(self, post: WebhookPost) -> int | None:
        """Position in the history of the table."""
        key = activity_key("scenario_advanced", post.id)
        changes = enumerate(self._world.table.history)
        return next((at for at, ((pk, sk), _, _) in changes if pk == keys.lead(post.lead_id) and key in sk), None)

    def _has_stopped(self, post: WebhookPost, failed: int) -> bool:
        """Or was over before: through all steps, or replaced by the next enrollment."""
        ended = any(id_ == post.enrollment_id for _, id_ in self._stopped())
        key, history = (keys.lead(post.lead_id), keys.STATE), self._world.table.history[:failed]
        before = next((new for changed, _, new in reversed(history) if changed == key and new is not None), None)
        enrollment = to_state(before).enrollments.get(post.name) if before is not None else None
        return ended or enrollment is None or enrollment.id != post.enrollment_id or enrollment.is_complete

    def _stopped(self) -> set[tuple[str, str]]:
        """(lead, enrollment) of all that ever ended by an error of the webhook."""
        return {
            (state.lead_id, one.id)
            for (_, sk), _, new in self._world.table.history
            if sk == keys.STATE and new is not None
            for state in [to_state(new)]
            for one in state.enrollments.values()
            if one.ended == "error:stop"
        }


def _is_given_up(step: str, answers: list[str]) -> bool:
    return "final" in answers or answers.count("silent") >= (1 if step == "skip" else _TRIES)
