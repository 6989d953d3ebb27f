"""A stage that receives replies: people answer the emails of the world, and SES stores what they send."""

from typing import Any

from ses_simulator.inbound import Answer, Findings, as_received, notification_of, raw_answer, sqs_event_of_notification

from tests.fakes.s3 import MemoryS3
from tests.support.world import World

CLEAN = Findings()
DOMAIN, BUCKET = "reply.example.jp", "sodate-test-replies"


class Replies:
    """`world` from now on sends with reply addresses; `stored` is what the bucket holds."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.s3 = MemoryS3(lambda: world.now)
        self.numbers = 0
        world.settings |= {"SODATE_REPLY_DOMAIN": DOMAIN, "SODATE_REPLY_BUCKET": BUCKET}
        world.services["s3"] = self.s3
        world.new_process()

    @property
    def stored(self) -> list[str]:
        return [key for _, key in self.s3.objects]

    def answer(
        self, mail: Any, text: str = "ありがとうございます。", *, findings: Findings = CLEAN, **more: Any
    ) -> str:
        """Returns the object's key."""
        answer = Answer(text, **more)
        raw = raw_answer(mail, answer, self.world.now)
        to = answer.to or mail.reply_to[0]
        return self.arrive(raw, to, answer.sender or mail.recipient, findings)

    def arrive(self, raw: bytes, to: str, sender: str, findings: Findings = CLEAN) -> str:
        self.numbers += 1
        key = f"inbound/m{self.numbers:04}"
        self.store(key, raw, to, sender, findings)
        self.notify(key)
        return key

    def store(self, key: str, raw: bytes, to: str, sender: str, findings: Findings = CLEAN) -> None:
        """As SES does, which then notifies."""
        content = as_received(raw, to, self.world.now, sender, findings)
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def event(self, key: str) -> dict[str, Any]:
        return sqs_event_of_notification(notification_of(BUCKET, key, 1, self.world.now))

    def notify(self, key: str, *, settle: bool = True) -> None:
        assert self.world.call("inbound_email", self.event(key)) == {"batchItemFailures": []}
        if settle:
            self.world.settle()
