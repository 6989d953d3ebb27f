"""Key strings of what the classifier of opens and clicks remembers."""

import hashlib

PRIOR = "PRIOR"


def robots_of(domain: str) -> str:
    """Of one recipient domain, by its hash: the domain of a small company may name a person."""
    return f"ROBOTS#{hashlib.sha256(domain.encode()).hexdigest()[:16]}"
