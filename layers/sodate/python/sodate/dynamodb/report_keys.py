"""Key strings of the reports that leave by email."""

REPORT = "REPORT#"


def report(report_id: str) -> str:
    return f"{REPORT}{report_id}"


def period(first: str) -> str:
    """Key prefix of the emails about the period that begins on this day."""
    return f"{first}#"


def delivery(first: str, recipient: str) -> str:
    return f"{first}#{recipient}"


def first_day_of(sk: str) -> str:
    return sk.partition("#")[0]


def recipient_of(sk: str) -> str:
    return sk.partition("#")[2]
