"""What SES found out about an email that it received: envelope, spam, virus, SPF, DKIM, DMARC. Pure.

SES writes its findings above the headers of the sender, so only those above the second `Received` are SES's: whatever
stands below, the sender may have written.
"""

import re
from dataclasses import dataclass

from sodate.replies.mime import Fields

_FOR = re.compile(r"\bfor\s+<?([^\s<>;]{3,320}@[^\s<>;]{1,255})>?\s*;", re.IGNORECASE)
_RESULT = re.compile(r"\b(spf|dkim|dmarc)=([a-z]{1,20})", re.IGNORECASE)
_PASS = "pass"  # noqa: S105  (a result of a check)


@dataclass(frozen=True)
class Receipt:
    """`recipient`: of the envelope, when it had one only. `return_path`: empty for the null path of a bounce.

    `spf`, `dkim`, `dmarc`: results in lower case (`pass`, `fail`, `none` …), empty where SES says nothing.
    """

    recipient: str
    return_path: str | None
    is_spam: bool = False
    has_virus: bool = False
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""

    @property
    def is_authentic(self) -> bool:
        """The domain in From vouches for the email. A domain without DMARC does so by a passing DKIM or SPF."""
        return self.dmarc == _PASS or (self.dmarc in ("", "none") and _PASS in (self.dkim, self.spf))


def receipt_of(fields: Fields) -> Receipt:
    own = Fields(tuple(_of_ses(fields)))
    results: dict[str, str] = {}
    for name, value in _RESULT.findall(own.first("authentication-results")):
        # Several signatures: one that passes is enough.
        if results.get(name.lower()) != _PASS:
            results[name.lower()] = value.lower()
    to = _FOR.search(own.first("received"))
    paths = own.every("return-path")
    return Receipt(
        recipient=to[1].lower() if to else "",
        return_path=paths[0].strip("<> ").lower() if paths else None,
        is_spam=own.first("x-ses-spam-verdict").upper() == "FAIL",
        has_virus=own.first("x-ses-virus-verdict").upper() == "FAIL",
        **results,
    )


def _of_ses(fields: Fields) -> list[tuple[str, str]]:
    own: list[tuple[str, str]] = []
    received = 0
    for name, value in fields.pairs:
        received += name == "received"
        if received == 2:
            break
        own.append((name, value))
        if name in ("x-ses-receipt", "x-ses-dkim-signature"):
            break
    return own
