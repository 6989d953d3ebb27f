"""The beacon as it is served: without its comments, compressed once per process, with an ETag of its content."""

import base64
import gzip
from functools import cached_property
from hashlib import sha256
from pathlib import Path

#: How long a browser may use its copy without asking.
AGE_S = 86_400
_SOURCE = Path(__file__).parent / "beacon" / "sodate.js"


class Script:
    """Read on first use."""

    @cached_property
    def text(self) -> str:
        return without_comments(_SOURCE.read_text(encoding="utf-8"))

    @cached_property
    def etag(self) -> str:
        return f'"{sha256(self.text.encode()).hexdigest()[:16]}"'

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.text.encode(), 9, mtime=0)

    @cached_property
    def gzipped(self) -> str:
        """In Base64, as API Gateway wants bytes."""
        return base64.b64encode(self.compressed).decode()


def without_comments(source: str) -> str:
    """The source has neither comments behind code nor texts over several lines, so whole lines are left out."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"
