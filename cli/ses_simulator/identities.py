"""Identities of the SES simulator: made is verified, with DKIM and MAIL FROM, since there is no DNS to wait for."""

from typing import Any

from ses_simulator.errors import SesRefusal
from ses_simulator.simulator import SesSimulator


def create_identity(simulator: SesSimulator, request: dict[str, Any]) -> dict[str, Any]:
    """Made twice is made once; SES itself answers AlreadyExistsException, which nobody waits for here."""
    name = str(request["EmailIdentity"]).lower()
    simulator.identities = tuple(dict.fromkeys([*simulator.identities, name]))
    return {"IdentityType": _type(name), "VerifiedForSendingStatus": True}


def get_identity(simulator: SesSimulator, name: str) -> dict[str, Any]:
    if name.lower() not in {identity.lower() for identity in simulator.identities}:
        raise SesRefusal("NotFoundException", f"Email identity {name} does not exist.", 404)
    return {
        "IdentityType": _type(name),
        "VerifiedForSendingStatus": True,
        "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS"},
        "MailFromAttributes": {"MailFromDomain": f"bounce.{name}", "MailFromDomainStatus": "SUCCESS"},
    }


def _type(name: str) -> str:
    return "EMAIL_ADDRESS" if "@" in name else "DOMAIN"
