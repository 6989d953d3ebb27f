"""What a cold start of the form handler imports, as a share of importing everything the product uses."""

import re
import subprocess
import sys
from dataclasses import dataclass
from statistics import median

RUNS = 7
FORM_HANDLER = "import functions.form_capture.handler"
FULL_STACK = (
    "import boto3, pynamodb.models, pynamodb.transactions, pydantic, liquid, holidays, phonenumbers, email_validator, "
    "multipart, itsdangerous; "
    "from aws_lambda_powertools import Logger, Metrics, Tracer; "
    "import aws_lambda_powertools.event_handler, aws_lambda_powertools.utilities.batch, "
    "aws_lambda_powertools.utilities.idempotency, aws_lambda_powertools.utilities.parser; "
    "[boto3.client(name, region_name='us-east-1') for name in ('dynamodb', 'sesv2', 'sqs')]; "
    "import functions.email_sender.handler, functions.form_capture.handler"
)
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +\S")


@dataclass(frozen=True)
class ImportTime:
    form_ms: float
    full_ms: float

    @property
    def share(self) -> float:
        return self.form_ms / self.full_ms


def measure() -> ImportTime:
    """Median of fresh processes, taken in turn, so that a busy moment hits both."""
    form, full = [], []
    for _ in range(RUNS):
        form.append(_milliseconds(FORM_HANDLER))
        full.append(_milliseconds(FULL_STACK))
    return ImportTime(median(form), median(full))


def _milliseconds(program: str) -> float:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program], capture_output=True, text=True, check=True
    )
    return sum(int(found) for found in _LINE.findall(done.stderr)) / 1000
