"""The mailbox behind an address, for counting only: identity never folds what a provider may distinguish.

RFC 5233 sub-addressing: everything from the first `+` on is a tag. A `-` separates nothing: real names
hold one. Dots are no part of a Gmail address (support.google.com/mail/answer/7436150).
"""

_WITHOUT_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


def base_mailbox(match: str) -> str:
    """`match` is `Address.match`. All tagged or dotted variants of one mailbox have the same base."""
    local, _, domain = match.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _WITHOUT_DOTS:
        local, domain = local.replace(".", "") or local, _WITHOUT_DOTS[domain]
    return f"{local}@{domain}"
