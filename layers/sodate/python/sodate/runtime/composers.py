"""Who composes which transactional email, by its name in the ledger."""

from collections.abc import Mapping

from sodate.email.delivery.transactional import Composer, opt_in_composer
from sodate.playbook.store import Definitions
from sodate.privacy.ask import EMAIL as DATA_REQUEST
from sodate.privacy.request_email import data_request_composer
from sodate.runtime.secrets import Secrets
from sodate.sales.handoff_email import handoff_composer


def composers(definitions: Definitions, secrets: Secrets, stage: str) -> Mapping[str, Composer]:
    """Raises: `Transient` while the signing keys cannot be read."""
    return {
        "opt_in": opt_in_composer(definitions, secrets.links(), stage),
        "handoff": handoff_composer(definitions, secrets.feedback_links, stage),
        DATA_REQUEST: data_request_composer(definitions, secrets.data_links, stage),
    }
