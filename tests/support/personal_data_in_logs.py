"""Every line that a function logs in any test is searched for personal data.

What a function may log is written in English: ids, codes, counts. So an address, a telephone number or a word in
Japanese letters in a log line is personal data, whoever the person is.
"""

import json
import re
from collections.abc import Iterator

#: How a line of the functions' logger or of their metrics begins or what it holds.
_OURS = ('"service"', '"_aws"')
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
#: Japanese numbers in the usual forms, and +81; times, ids and counts have no such shape.
_PHONE = re.compile(r"(?<![\w.:-])(?:0\d{1,3}-\d{2,4}-\d{4}|\+81[-\d]{9,12}|0[5789]0\d{8})(?![\w-])")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff10-\uff9f]+")


def leaks(text: str) -> list[str]:
    """What is personal in the log lines of this output; other lines are what tests and libraries print."""
    return [found for line in text.splitlines() for found in _leaks_in(line)]


def _leaks_in(line: str) -> Iterator[str]:
    if not line.startswith("{") or not any(mark in line for mark in _OURS):
        return
    try:
        plain = json.dumps(json.loads(line), ensure_ascii=False)
    except ValueError:
        plain = line
    for pattern in (_ADDRESS, _PHONE, _JAPANESE):
        for match in pattern.findall(plain):
            yield f"{match!r} in {plain[:300]}"
