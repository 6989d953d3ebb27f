"""How many examples a long property test takes: few in `make test`, `TIMES` as many in `make properties`."""

import os


def examples(usual: int) -> int:
    return usual * int(os.environ.get("SODATE_EXAMPLES_TIMES", "1"))
