"""The mailbox behind an address, for counting only: identity never folds what a provider may distinguish.

RFC 5233 sub-addressing: everything from the first `+` on is a tag. A `-` separates nothing: real names
hold one. Dots are no part of a Gmail address (support.google.com/mail/answer/7436150).
"""

_GMAIL = ("gmail.com", "googlemail.com")


def base_mailbox(match: str) -> str:
    """`match` is `Address.match`. All tagged or dotted variants of one mailbox have the same base."""
    local, _, domain = match.rpartition("@")
    local = gmail_local(local.partition("+")[0] or local, domain)
    return f"{local}@{_GMAIL[0] if domain in _GMAIL else domain}"


def gmail_local(local: str, domain: str) -> str:
    """Without dots and tag where the domain is Gmail's; of every other domain, as it is."""
    return (local.partition("+")[0].replace(".", "") or local) if domain in _GMAIL else local
