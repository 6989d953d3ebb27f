"""GetAccount and the account-level suppression list, in the API's own member names."""

from collections.abc import Mapping
from typing import Any

from ses_simulator.errors import SesRefusal
from ses_simulator.rules import bad_request, check_address
from ses_simulator.simulator import SesSimulator


def get_account(simulator: SesSimulator) -> dict[str, Any]:
    account = simulator.account
    return {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": "SHUTDOWN" if account.suspended else "HEALTHY",
        "ProductionAccessEnabled": account.production_access,
        "SendingEnabled": account.sending_enabled and not account.suspended,
        "SendQuota": {
            "Max24HourSend": float(account.max_24_hour_send),
            "MaxSendRate": float(account.max_send_rate),
            "SentLast24Hours": float(simulator.sent_last_24_hours()),
        },
        "SuppressionAttributes": {"SuppressedReasons": list(account.suppressed_reasons)},
    }


def put_suppressed(simulator: SesSimulator, request: Mapping[str, Any]) -> dict[str, Any]:
    reason = request.get("Reason")
    if reason not in ("BOUNCE", "COMPLAINT"):
        raise bad_request(f"Reason must be BOUNCE or COMPLAINT, not {reason!r}.")
    address = check_address(str(request.get("EmailAddress") or ""))
    simulator.suppressed[address.lower()] = (reason, simulator.clock())
    return {}


def get_suppressed(simulator: SesSimulator, address: str) -> dict[str, Any]:
    reason, at = _entry(simulator, address)
    return {"SuppressedDestination": {"EmailAddress": address.lower(), "Reason": reason, "LastUpdateTime": at}}


def delete_suppressed(simulator: SesSimulator, address: str) -> dict[str, Any]:
    _entry(simulator, address)
    del simulator.suppressed[address.lower()]
    return {}


def list_suppressed(simulator: SesSimulator, request: Mapping[str, Any]) -> dict[str, Any]:
    """`NextToken` is the number of entries already shown."""
    wanted, since = set(request.get("Reasons") or ("BOUNCE", "COMPLAINT")), request.get("StartDate")
    found = [
        {"EmailAddress": address, "Reason": reason, "LastUpdateTime": at}
        for address, (reason, at) in simulator.suppressed.items()
        if reason in wanted and (since is None or at >= since)
    ]
    begin, size = int(request.get("NextToken") or 0), int(request.get("PageSize") or 1000)
    more = {"NextToken": str(begin + size)} if begin + size < len(found) else {}
    return {"SuppressedDestinationSummaries": found[begin : begin + size], **more}


def _entry(simulator: SesSimulator, address: str) -> tuple[str, Any]:
    entry = simulator.suppressed.get(address.lower())
    if entry is None:
        raise SesRefusal("NotFoundException", f"Email address {address} does not exist on your suppression list.", 404)
    return entry
