"""Who composes which transactional email, by its name in the ledger."""

from collections.abc import Mapping

from sodate.email.delivery.transactional import Composer, opt_in_composer
from sodate.email.ledger.states import HANDOFF, REPLY_FORWARD
from sodate.privacy.ask import EMAIL as DATA_REQUEST
from sodate.privacy.request_email import data_request_composer
from sodate.replies.bucket import ReplyBucket
from sodate.replies.forward import reply_composer
from sodate.runtime.app import App
from sodate.sales.handoff_email import handoff_composer
from sodate.sales.owner_address import owner_addresses


def composers(app: App) -> Mapping[str, Composer]:
    """A stage that receives no email forwards none.

    Raises: `Transient` while the signing keys cannot be read.
    """
    definitions, secrets, stage = app.definitions, app.secrets, app.settings.stage
    found = {
        "opt_in": opt_in_composer(definitions, secrets.links(), stage),
        HANDOFF: handoff_composer(definitions, secrets.feedback_links, stage),
        DATA_REQUEST: data_request_composer(definitions, secrets.data_links, stage),
    }
    addresses = secrets.reply_addresses()
    if addresses is not None:
        bucket = ReplyBucket(app.aws.client("s3"), app.settings.reply_bucket)
        owner_address = owner_addresses(definitions)
        found[REPLY_FORWARD] = reply_composer(definitions, bucket, addresses, owner_address, stage)
    return found
