"""What an erasure works on in a function: ledger, import files, dead letters and raw replies of the stage."""

from datetime import datetime, timedelta

from sodate.privacy.erase import Eraser
from sodate.privacy.files import ImportFiles
from sodate.privacy.ledger import ErasureLedger
from sodate.privacy.letters import DeadLetters
from sodate.replies.bucket import ReplyBucket
from sodate.runtime.app import App


def eraser_of(app: App, retention: timedelta, now: datetime) -> Eraser:
    """`retention`: of proof of consent. Raises: `SettingMissing` in a function that does not erase."""
    s3, settings = app.aws.client("s3"), app.settings
    return Eraser(
        app.definitions,
        app.secrets.address_secret(),
        ErasureLedger(s3, settings.erasure_ledger),
        ImportFiles(s3, settings.import_bucket),
        DeadLetters(app.aws.client("sqs"), settings.dead_letter_queues),
        retention,
        now,
        ReplyBucket(s3, settings.reply_bucket) if settings.has_reply_bucket else None,
    )
