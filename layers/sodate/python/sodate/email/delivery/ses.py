"""SES calls, and the result of each for the send protocol.

SES has no idempotency token, so the client makes one attempt only; our code owns every retry. The table in
`ses_answers` maps each answer to its meaning.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.header import Header
from functools import lru_cache
from typing import Any, Protocol

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from sodate.email.delivery.ses_answers import Meaning, Verdict, meaning_of_entry, meaning_of_error
from sodate.email.ledger.reason import Reason
from sodate.email.mailing import Sender

#: The request never reached SES.
_NEVER_LEFT = (EndpointConnectionError, ConnectTimeoutError)
_NO_CREDENTIALS = (NoCredentialsError, CredentialRetrievalError)


@dataclass(frozen=True)
class Answer:
    """`stops`: why the circuit breaker opens, when the answer concerns all email.

    `is_silence`: SES gave no usable answer to the call; several such calls in a row open the breaker too.
    """

    verdict: Verdict
    message_id: str | None = None
    reason: str | None = None
    stops: str | None = None
    is_silence: bool = False


@dataclass(frozen=True)
class OutgoingEmail:
    """A finished email for exactly one recipient: open and click events do not name the recipient."""

    to: str
    sender: Sender
    subject: str
    html: str
    text: str
    tags: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    is_tracked: bool = True
    """False: SES must neither add its image nor rewrite a link."""


class SesClient(Protocol):
    def send_email(self, **request: Any) -> Mapping[str, Any]: ...
    def send_bulk_email(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class SesMailer:
    """`client` is created on first use: a function that fails earlier needs no SES client."""

    client: Callable[[], SesClient]
    configuration_set: str

    def send(self, outgoing: OutgoingEmail) -> Answer:
        reply = self._call(
            lambda: self.client().send_email(**request(outgoing, self.configuration_set)), outgoing.sender
        )
        return reply if isinstance(reply, Answer) else Answer(Verdict.ACCEPTED, message_id=str(reply["MessageId"]))

    def send_bulk(
        self, outgoing_emails: Sequence[OutgoingEmail], has_time: Callable[[], bool] = lambda: True
    ) -> list[Answer]:
        """One answer per email. At most 50 emails, all of one sender.

        What SES tracks is said per call, so emails that are not tracked have a call of their own. So are
        those with a Reply-To of their own: SES takes one per call, and none among the headers of an entry.

        An entry that makes SES reject the whole call must not stop the others: then each email gets a call of its own,
        until one is neither accepted nor rejected, or `has_time` says that no further call may begin. Emails without a
        call are deferred.
        """
        if len({outgoing.is_tracked for outgoing in outgoing_emails}) > 1:
            return self._apart(outgoing_emails, has_time)
        sender = outgoing_emails[0].sender
        if any(outgoing.sender.reply_to != sender.reply_to for outgoing in outgoing_emails):
            return self._one_by_one(outgoing_emails, has_time)
        reply = self._call(
            lambda: self.client().send_bulk_email(**bulk_request(outgoing_emails, self.configuration_set)), sender
        )
        if not isinstance(reply, Answer):
            return [_entry_answer(result, sender) for result in reply["BulkEmailEntryResults"]]
        if reply.verdict == Verdict.REJECTED and len(outgoing_emails) > 1:
            return self._one_by_one(outgoing_emails, has_time)
        return [reply] * len(outgoing_emails)

    def _apart(self, outgoing_emails: Sequence[OutgoingEmail], has_time: Callable[[], bool]) -> list[Answer]:
        answers: dict[int, Answer] = {}
        for is_tracked in (True, False):
            group = [n for n, outgoing in enumerate(outgoing_emails) if outgoing.is_tracked is is_tracked]
            if (answers and not has_time()) or any(
                answer.stops or answer.verdict == Verdict.AMBIGUOUS for answer in answers.values()
            ):
                answers |= dict.fromkeys(group, Answer(Verdict.DEFERRED, reason=Reason.NOT_ATTEMPTED))
            else:
                answers |= dict(zip(group, self.send_bulk([outgoing_emails[n] for n in group], has_time), strict=True))
        return [answers[number] for number in range(len(outgoing_emails))]

    def _one_by_one(self, outgoing_emails: Sequence[OutgoingEmail], has_time: Callable[[], bool]) -> list[Answer]:
        answers: list[Answer] = []
        for outgoing in outgoing_emails:
            if answers and not has_time():
                break
            answers += self.send_bulk([outgoing])
            if answers[-1].verdict not in (Verdict.ACCEPTED, Verdict.REJECTED):
                break
        return answers + [Answer(Verdict.DEFERRED, reason=Reason.NOT_ATTEMPTED)] * (len(outgoing_emails) - len(answers))

    def _call(self, call: Callable[[], Mapping[str, Any]], sender: Sender) -> Mapping[str, Any] | Answer:
        try:
            return call()
        except ClientError as error:
            return classify(error, sender.from_address)
        except ParamValidationError as error:
            return Answer(Verdict.REJECTED, reason=f"ParamValidation: {_without_addresses(str(error))}"[:300])
        except _NO_CREDENTIALS as error:
            return Answer(Verdict.DEFERRED, reason=type(error).__name__, stops="access_denied")
        except _NEVER_LEFT as error:
            return Answer(Verdict.DEFERRED, reason=type(error).__name__, is_silence=True)
        except BotoCoreError as error:
            return Answer(Verdict.AMBIGUOUS, reason=type(error).__name__, is_silence=True)


def _entry_answer(result: Mapping[str, Any], sender: Sender) -> Answer:
    status, message_text = str(result.get("Status")), str(result.get("Error", ""))
    meaning = meaning_of_entry(status, message_text, sender.from_address)
    if meaning.verdict == Verdict.ACCEPTED:
        return Answer(Verdict.ACCEPTED, message_id=str(result["MessageId"]))
    return _answer(meaning, status, message_text)


def classify(error: ClientError, sender_address: str) -> Answer:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    message_text = str(error.response.get("Error", {}).get("Message", ""))
    return _answer(meaning_of_error(code, status, message_text, sender_address), code or str(status), message_text)


def _answer(meaning: Meaning, code: str, message_text: str) -> Answer:
    reason = f"{code}: {_without_addresses(message_text)}"[:300] if meaning.verdict == Verdict.REJECTED else code
    is_silence = meaning.verdict == Verdict.AMBIGUOUS
    return Answer(meaning.verdict, reason=reason, stops=meaning.stops, is_silence=is_silence)


def _without_addresses(message_text: str) -> str:
    """SES quotes addresses in its error messages; the ledger stores no personal data."""
    return re.sub(r"[^\s<>,]+@[^\s<>,]+", "[address]", message_text)


def request(outgoing: OutgoingEmail, configuration_set: str) -> dict[str, Any]:
    content = {
        "Subject": {"Data": outgoing.subject, "Charset": "UTF-8"},
        "Body": {
            "Html": {"Data": outgoing.html, "Charset": "UTF-8"},
            "Text": {"Data": outgoing.text, "Charset": "UTF-8"},
        },
        "Headers": [{"Name": name, "Value": value} for name, value in outgoing.headers.items()],
    }
    return {
        "FromEmailAddress": from_header(outgoing.sender.name, outgoing.sender.from_address),
        "Destination": {"ToAddresses": [outgoing.to]},
        **({"ReplyToAddresses": [outgoing.sender.reply_to]} if outgoing.sender.reply_to else {}),
        "Content": {"Simple": content},
        "ConfigurationSetName": configuration_set,
        "EmailTags": [{"Name": name, "Value": value} for name, value in outgoing.tags.items()],
        **_tracking(outgoing),
    }


def bulk_request(outgoing_emails: Sequence[OutgoingEmail], configuration_set: str) -> dict[str, Any]:
    """An inline template with three placeholders, replaced per entry by the rendered parts; tags and headers per entry.

    SES inserts the values unescaped and does not parse them again.
    """
    sender = outgoing_emails[0].sender
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
        "BulkEmailEntries": [_entry(outgoing) for outgoing in outgoing_emails],
        **_tracking(outgoing_emails[0]),
    }


def _tracking(outgoing: OutgoingEmail) -> dict[str, Any]:
    """SES's override for this message only; nothing for one that is tracked as the configuration set says."""
    if outgoing.is_tracked:
        return {}
    off = {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
    return {"ConfigurationOverrides": {"Tracking": off}}


def _entry(outgoing: OutgoingEmail) -> dict[str, Any]:
    data = json.dumps({"subject": outgoing.subject, "html": outgoing.html, "text": outgoing.text}, ensure_ascii=False)
    return {
        "Destination": {"ToAddresses": [outgoing.to]},
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
        "ReplacementTags": [{"Name": name, "Value": value} for name, value in outgoing.tags.items()],
        "ReplacementHeaders": [{"Name": name, "Value": value} for name, value in outgoing.headers.items()],
    }


@lru_cache(maxsize=64)
def from_header(name: str, address: str) -> str:
    """The From header. SES requires a non-ASCII display name as encoded words (RFC 2047)."""
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{Header(name, 'utf-8').encode(linesep='')} <{address}>"
