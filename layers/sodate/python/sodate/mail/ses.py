"""The SES call and what each answer means for the send protocol.

SES has no idempotency token, so the client makes one attempt only; our code owns every retry. An answer is
`accepted`, a certain no (`deferred`: try later, `rejected`: never), or `ambiguous`: perhaps taken, so never repeated.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.header import Header
from typing import Any, Literal, Protocol

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from sodate.mail.sender import Sender

Verdict = Literal["accepted", "deferred", "rejected", "ambiguous"]

_THROTTLED = {"TooManyRequestsException", "ThrottlingException", "Throttling"}
_ACCOUNT_STOPPED = {
    "SendingPausedException",
    "AccountSuspendedException",
    "LimitExceededException",
    "AccessDeniedException",
    "ExpiredTokenException",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
}
_NEVER_LEFT = (EndpointConnectionError, ConnectTimeoutError, NoCredentialsError)


@dataclass(frozen=True)
class Answer:
    verdict: Verdict
    message_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Draft:
    """A finished mail for exactly one recipient (open and click events do not say which of several it was)."""

    to: str
    sender: Sender
    subject: str
    html: str
    text: str
    tags: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)


class SesClient(Protocol):
    def send_email(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class SesMailer:
    """`client` is made on first use: functions that fail earlier need no SES client."""

    client: Callable[[], SesClient]
    configuration_set: str

    def send(self, draft: Draft) -> Answer:
        try:
            reply = self.client().send_email(**request(draft, self.configuration_set))
        except ClientError as error:
            return classify(error)
        except ParamValidationError as error:
            return Answer("rejected", reason=f"ParamValidation: {error}"[:300])
        except _NEVER_LEFT as error:
            return Answer("deferred", reason=type(error).__name__)
        except BotoCoreError as error:
            return Answer("ambiguous", reason=type(error).__name__)
        return Answer("accepted", message_id=str(reply["MessageId"]))


def classify(error: ClientError) -> Answer:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    if code in _THROTTLED or status == 429 or code in _ACCOUNT_STOPPED or status in (401, 403):
        return Answer("deferred", reason=code or str(status))
    if 400 <= status < 500:
        # SES quotes addresses in its refusals; the ledger holds no personal data.
        words = re.sub(r"[^\s<>,]+@[^\s<>,]+", "[address]", str(error.response.get("Error", {}).get("Message", "")))
        return Answer("rejected", reason=f"{code}: {words}"[:300])
    return Answer("ambiguous", reason=code or str(status))


def request(draft: Draft, configuration_set: str) -> dict[str, Any]:
    content = {
        "Subject": {"Data": draft.subject, "Charset": "UTF-8"},
        "Body": {
            "Html": {"Data": draft.html, "Charset": "UTF-8"},
            "Text": {"Data": draft.text, "Charset": "UTF-8"},
        },
        "Headers": [{"Name": name, "Value": value} for name, value in draft.headers.items()],
    }
    return {
        "FromEmailAddress": from_header(draft.sender.name, draft.sender.from_address),
        "Destination": {"ToAddresses": [draft.to]},
        **({"ReplyToAddresses": [draft.sender.reply_to]} if draft.sender.reply_to else {}),
        "Content": {"Simple": content},
        "ConfigurationSetName": configuration_set,
        "EmailTags": [{"Name": name, "Value": value} for name, value in draft.tags.items()],
    }


def from_header(name: str, address: str) -> str:
    """RFC 2047: SES wants a non-ASCII display name as encoded words."""
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{Header(name, 'utf-8').encode(linesep='')} <{address}>"
