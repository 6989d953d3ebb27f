"""The signed link to the page of doubtful posts, for the addresses that hear of them. Any holder may release."""

from datetime import datetime, timedelta

from sodate.signing import Signer

_QUARANTINE = "quarantine"
LIFETIME = timedelta(days=7)


def quarantine_url(base: str, signer: Signer, now: datetime) -> str:
    """`base`: the public URL of the API, without a trailing slash."""
    return f"{base}/quarantine/{signer.sign(_QUARANTINE, {}, now, LIFETIME)}"


def check(signer: Signer, token: str, now: datetime) -> None:
    """Raises: `Invalid` with code `link_broken` or `link_expired`."""
    signer.verify(_QUARANTINE, token, now)
