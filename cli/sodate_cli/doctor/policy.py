"""Whether a resource policy lets an AWS service do something: enough of IAM for topics, queues and keys of our own."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

_ACCOUNT_KEYS = ("aws:sourceaccount", "aws:sourceowner")


def service_may(policy: str | None, service: str, action: str, account: str) -> bool:
    """`service` without its domain, such as `cloudwatch`. A Deny under a condition (TLS only) does not count."""
    statements = json.loads(policy or "{}").get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    about = [one for one in statements if _concerns(one, f"{service}.amazonaws.com", action)]
    if any(one.get("Effect") == "Deny" and not one.get("Condition") for one in about):
        return False
    return any(one.get("Effect") == "Allow" and _holds(one.get("Condition") or {}, account) for one in about)


def _concerns(statement: Mapping[str, Any], principal: str, action: str) -> bool:
    who = statement.get("Principal")
    names = [who] if isinstance(who, str) else [*_many((who or {}).get("Service")), *_many((who or {}).get("AWS"))]
    wanted = action.lower()
    fits = any(fnmatchcase(wanted, str(pattern).lower()) for pattern in _many(statement.get("Action")))
    return fits and any(name in ("*", principal) for name in names)


def _holds(condition: Mapping[str, Mapping[str, Any]], account: str) -> bool:
    """Conditions on the account are compared; those on a source are taken to name ours when they name the account."""
    for tests in condition.values():
        for key, values in tests.items():
            if key.lower() in _ACCOUNT_KEYS and account not in _many(values):
                return False
            if key.lower() == "aws:sourcearn" and not any(_mentions(str(value), account) for value in _many(values)):
                return False
    return True


def _mentions(arn: str, account: str) -> bool:
    parts = arn.split(":")
    return len(parts) < 5 or parts[4] in (account, "*", "")


def _many(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
