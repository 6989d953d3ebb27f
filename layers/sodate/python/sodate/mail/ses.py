"""The SES call and what each answer means for the send protocol.

SES has no idempotency token, so the client makes one attempt only; our code owns every retry. An answer is
`accepted`, a certain no (`deferred`: try later, `rejected`: never), or `ambiguous`: perhaps taken, so never repeated.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.header import Header
from functools import lru_cache
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

_THROTTLED = {"TooManyRequestsException", "ThrottlingException", "Throttling", "ACCOUNT_THROTTLED"}
#: SES's word, for a call or for one entry of a bulk call → our reason for taking no mail at all for now.
_ACCOUNT_STOPPED = {
    "SendingPausedException": "sending_paused",
    "ACCOUNT_SENDING_PAUSED": "sending_paused",
    "CONFIGURATION_SET_SENDING_PAUSED": "sending_paused",
    "AccountSuspendedException": "account_suspended",
    "ACCOUNT_SUSPENDED": "account_suspended",
    "LimitExceededException": "quota_exhausted",
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": "quota_exhausted",
    "AccessDeniedException": "access_denied",
    "ExpiredTokenException": "access_denied",
    "UnrecognizedClientException": "access_denied",
    "InvalidClientTokenId": "access_denied",
}
#: Entries that may have left all the same.
_UNCLEAR_ENTRY = {"TRANSIENT_FAILURE", "FAILED"}
_NEVER_LEFT = (EndpointConnectionError, ConnectTimeoutError, NoCredentialsError)


@dataclass(frozen=True)
class Answer:
    """`stops`: why the account takes no mail at all for now, when that is what the answer says."""

    verdict: Verdict
    message_id: str | None = None
    reason: str | None = None
    stops: str | None = None


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
    def send_bulk_email(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class SesMailer:
    """`client` is made on first use: functions that fail earlier need no SES client."""

    client: Callable[[], SesClient]
    configuration_set: str

    def send(self, draft: Draft) -> Answer:
        reply = self._call(lambda: self.client().send_email(**request(draft, self.configuration_set)))
        return reply if isinstance(reply, Answer) else Answer("accepted", message_id=str(reply["MessageId"]))

    def send_bulk(self, drafts: Sequence[Draft]) -> list[Answer]:
        """One answer per draft. All are from one sender; one call carries 50 at most.

        An entry that makes SES refuse the whole call must not stop its neighbours: then each is asked for alone.
        """
        reply = self._call(lambda: self.client().send_bulk_email(**bulk_request(drafts, self.configuration_set)))
        if isinstance(reply, Answer):
            if reply.verdict == "rejected" and len(drafts) > 1:
                return [answer for draft in drafts for answer in self.send_bulk([draft])]
            return [reply] * len(drafts)
        return [_entry_answer(result) for result in reply["BulkEmailEntryResults"]]

    def _call(self, call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | Answer:
        try:
            return call()
        except ClientError as error:
            return classify(error)
        except ParamValidationError as error:
            return Answer("rejected", reason=f"ParamValidation: {error}"[:300])
        except _NEVER_LEFT as error:
            return Answer("deferred", reason=type(error).__name__)
        except BotoCoreError as error:
            return Answer("ambiguous", reason=type(error).__name__)


def _entry_answer(result: Mapping[str, Any]) -> Answer:
    status = str(result.get("Status"))
    if status == "SUCCESS":
        return Answer("accepted", message_id=str(result["MessageId"]))
    if status in _THROTTLED or status in _ACCOUNT_STOPPED:
        return Answer("deferred", reason=status, stops=_ACCOUNT_STOPPED.get(status))
    if status in _UNCLEAR_ENTRY:
        return Answer("ambiguous", reason=status)
    return Answer("rejected", reason=f"{status}: {_without_addresses(str(result.get('Error', '')))}"[:300])


def classify(error: ClientError) -> Answer:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    words = str(error.response.get("Error", {}).get("Message", ""))
    if code in _THROTTLED or status == 429:
        return Answer("deferred", reason=code, stops="quota_exhausted" if "Daily" in words else None)
    if code in _ACCOUNT_STOPPED or status in (401, 403):
        return Answer("deferred", reason=code or str(status), stops=_ACCOUNT_STOPPED.get(code, "access_denied"))
    if 400 <= status < 500:
        return Answer("rejected", reason=f"{code}: {_without_addresses(words)}"[:300])
    return Answer("ambiguous", reason=code or str(status))


def _without_addresses(words: str) -> str:
    """SES quotes addresses in its refusals; the ledger holds no personal data."""
    return re.sub(r"[^\s<>,]+@[^\s<>,]+", "[address]", words)


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


def bulk_request(drafts: Sequence[Draft], configuration_set: str) -> dict[str, Any]:
    """An inline template of three places, filled per entry with what we rendered; tags and headers are per entry too.

    SES fills in places and escapes nothing, and what it fills in is not looked at again.
    """
    sender = drafts[0].sender
    return {
        "FromEmailAddress": from_header(sender.name, sender.from_address),
        **({"ReplyToAddresses": [sender.reply_to]} if sender.reply_to else {}),
        "ConfigurationSetName": configuration_set,
        "DefaultContent": {
            "Template": {
                "TemplateContent": {"Subject": "{{subject}}", "Html": "{{html}}", "Text": "{{text}}"},
                "TemplateData": "{}",
            }
        },
        "BulkEmailEntries": [_entry(draft) for draft in drafts],
    }


def _entry(draft: Draft) -> dict[str, Any]:
    data = json.dumps({"subject": draft.subject, "html": draft.html, "text": draft.text}, ensure_ascii=False)
    return {
        "Destination": {"ToAddresses": [draft.to]},
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
        "ReplacementTags": [{"Name": name, "Value": value} for name, value in draft.tags.items()],
        "ReplacementHeaders": [{"Name": name, "Value": value} for name, value in draft.headers.items()],
    }


@lru_cache(maxsize=64)
def from_header(name: str, address: str) -> str:
    """RFC 2047: SES wants a non-ASCII display name as encoded words."""
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{Header(name, 'utf-8').encode(linesep='')} <{address}>"
