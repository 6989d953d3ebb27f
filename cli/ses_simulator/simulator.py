"""Amazon SES as a value: state in memory, time and ids from outside, no I/O.

It protects one truth for tests: `messages` is what SES really took, whatever the caller was told. A test that counts
double sends counts here, by tag, and not in the caller's ledger.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ses_simulator import events, rules
from ses_simulator.behaviour import Behaviour, behaviour_of, suppressed_by_account
from ses_simulator.disturbance import Disturbance
from ses_simulator.errors import Fault, SesRefusal, raise_after_acceptance, raise_before_acceptance
from ses_simulator.events import Event
from ses_simulator.message import Message, body_of, counting_ids
from ses_simulator.outbox import EventOutbox
from ses_simulator.quota import Account, Quota

Request = Mapping[str, Any]


@dataclass(slots=True)
class SesSimulator:
    """SESv2, as far as a sender of step mail can tell.

    `identities` are verified addresses and domains; `configuration_sets` are names, and only mail with one of them
    causes events; `fault_for` is asked before every send, after faults ordered with `inject` are used up; `observer` is
    told everything that happens to a message, published or not.
    """

    clock: Callable[[], datetime]
    identities: Iterable[str]
    configuration_sets: Iterable[str] = ()
    account: Account = field(default_factory=Account)
    ids: Callable[[], str] = field(default_factory=counting_ids)
    disturbance: Disturbance = field(default_factory=Disturbance)
    behaviour_for: Callable[[str], Behaviour] = behaviour_of
    fault_for: Callable[[Request], Fault | None] = lambda request: None
    observer: Callable[[Message, Event], None] = lambda message, event: None
    messages: list[Message] = field(default_factory=list)
    suppressed: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    calls: int = 0
    _quota: Quota = field(init=False)
    _outbox: EventOutbox = field(init=False)
    _faults: list[Fault] = field(default_factory=list)
    _by_id: dict[str, Message] = field(default_factory=dict)
    _history: dict[str, list[Event]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._quota = Quota(self.account)
        self._outbox = EventOutbox(self.disturbance)

    def inject(self, fault: Fault, times: int = 1) -> None:
        """Let the next `times` sends meet `fault`."""
        self._faults.extend([fault] * times)

    def send_email(self, request: Request) -> str:
        """SendEmail: the message id, or SesRefusal, or AnswerLost. `request` has the API's member names."""
        self.calls += 1
        fault = self._faults.pop(0) if self._faults else self.fault_for(request)
        raise_before_acceptance(fault)
        message = self._checked(request)
        self._quota.take(message.at, len(message.recipients))
        self._accept(message)
        raise_after_acceptance(fault)
        return message.message_id

    def _checked(self, request: Request) -> Message:
        simple = (request.get("Content") or {}).get("Simple")
        if not simple:
            raise rules.bad_request("The simulator takes Content.Simple only.")
        source = str(request.get("FromEmailAddress") or "")
        sender = rules.check_address(source)
        recipients = rules.check_recipients(request.get("Destination") or {})
        subject = rules.check_subject(body_of(simple.get("Subject")))
        headers = rules.check_headers(simple.get("Headers") or ())
        tags = rules.check_tags(request.get("EmailTags") or ())
        reply_to = tuple(request.get("ReplyToAddresses") or ())
        for address in reply_to:
            rules.check_address(address)
        body = simple.get("Body") or {}
        if not body_of(body.get("Html")) and not body_of(body.get("Text")):
            raise rules.bad_request("Message body must have a text or an HTML part.")
        configuration_set = self.check_configuration_set(request)
        self.check_account(sender, recipients)
        return Message(
            self.ids(), self.clock(), source, recipients, subject, body_of(body.get("Html")), body_of(body.get("Text")),
            headers, reply_to, tags, configuration_set, *rules.tracking(request),
        )  # fmt: skip

    def check_configuration_set(self, request: Request) -> str | None:
        name = request.get("ConfigurationSetName")
        if name and name not in set(self.configuration_sets):
            raise SesRefusal("NotFoundException", f"Configuration set <{name}> does not exist.", 404)
        return str(name) if name else None

    def check_account(self, sender: str, recipients: Iterable[str]) -> None:
        """Refuse what the account as a whole may not send now."""
        if self.account.suspended:
            raise_before_acceptance(Fault.ACCOUNT_SUSPENDED)
        if not self.account.sending_enabled:
            raise_before_acceptance(Fault.SENDING_PAUSED)
        needs_proof = [sender] if self.account.production_access else [sender, *recipients]
        failed = [address for address in needs_proof if not rules.is_verified(address, self.identities)]
        if failed:
            raise SesRefusal(
                "MessageRejected",
                "Email address is not verified. The following identities failed the check in region "
                f"{events.REGION.upper()}: {', '.join(failed)}",
            )

    def _accept(self, message: Message) -> None:
        self.messages.append(message)
        self._by_id[message.message_id] = message
        for event in self._fate(message):
            self.publish(message, event)

    def _fate(self, message: Message) -> list[Event]:
        reason, _ = self.suppressed.get(message.recipient.lower(), ("", None))
        if reason in self.account.suppressed_reasons:
            return suppressed_by_account(message, reason)
        return self.behaviour_for(message.recipient)(message)

    def publish(self, message: Message, event: Event) -> None:
        """Let `event` happen to `message`: remembered always, published only with a configuration set."""
        self._history.setdefault(message.message_id, []).append(event)
        self._suppress(event)
        self.observer(message, event)
        if message.configuration_set:
            self._outbox.put(event, self.clock())

    def _suppress(self, event: Event) -> None:
        """The account-level list fills itself: hard bounces and complaints."""
        if event.get("bounce", {}).get("bounceType") == "Permanent":
            reason, people = "BOUNCE", event["bounce"]["bouncedRecipients"]
        elif event.get("complaint", {}).get("complaintFeedbackType") not in (None, "not-spam"):
            reason, people = "COMPLAINT", event["complaint"]["complainedRecipients"]
        else:
            return
        if reason in self.account.suppressed_reasons:
            for person in people:
                self.suppressed.setdefault(person["emailAddress"].lower(), (reason, self.clock()))

    def restore(self, message: Message, event: Event) -> None:
        """Take back one line of a journal: what happened before this process began, without publishing it again."""
        if message.message_id not in self._by_id:
            self.messages.append(message)
            self._by_id[message.message_id] = message
        self._history.setdefault(message.message_id, []).append(event)
        self._suppress(event)

    def message(self, message_id: str) -> Message:
        """Raises KeyError for an unknown id."""
        return self._by_id[message_id]

    def history(self, message_id: str) -> list[Event]:
        """Every event that happened to a message, in the order it happened, before any disturbance."""
        return list(self._history.get(message_id, ()))

    def take_events(self, *, all_of_them: bool = False) -> list[Event]:
        """Events whose time has come by the clock (or simply all), each handed out once per copy."""
        return self._outbox.take(None if all_of_them else self.clock())

    def open(self, message_id: str, user_agent: str = events.BROWSER, address: str = events.ADDRESS) -> Event | None:
        """None, and nothing happens, when the mail has no tracking image."""
        if not self.message(message_id).tracks_opens:
            return None
        return self._happen(message_id, lambda message: events.opened(message, self.clock(), user_agent, address))

    def click(
        self, message_id: str, link: str, user_agent: str = events.BROWSER, address: str = events.ADDRESS
    ) -> Event | None:
        """None, and nothing happens, when SES has not rewritten the links.

        Raises ValueError for a link that the mail does not contain.
        """
        message = self.message(message_id)
        if link not in message.links:
            raise ValueError(f"the mail has no link {link}")
        if not message.tracks_clicks:
            return None
        return self._happen(
            message_id, lambda message: events.clicked(message, self.clock(), link, user_agent, address)
        )

    def bounce(self, message_id: str, kind: str = "Permanent", subtype: str = "General") -> Event:
        return self._happen(message_id, lambda message: events.bounce(message, self.clock(), kind, subtype))

    def complain(self, message_id: str, feedback_type: str = "abuse") -> Event:
        return self._happen(message_id, lambda message: events.complaint(message, self.clock(), feedback_type))

    def _happen(self, message_id: str, make: Callable[[Message], Event]) -> Event:
        message = self.message(message_id)
        event = make(message)
        self.publish(message, event)
        return event

    def sent_last_24_hours(self) -> int:
        return self._quota.sent_last_24_hours(self.clock())
