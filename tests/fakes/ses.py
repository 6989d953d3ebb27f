"""SES: the simulator that the product ships (`cli/ses_simulator`), with a crash point around every request.

Kept of AWS: what the simulator keeps (quota, suppression, tags, events, faults), and what a caller can know of a
request: accepted, refused, or without an answer. Not kept: see the simulator; no DNS, no delivery, no DKIM.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from ses_simulator.client import SimulatedSes

Json = dict[str, Any]


class Ses:
    """`open_ended` counts, per send, the requests after which the email may be on its way: accepted, or answer lost."""

    def __init__(
        self, client: SimulatedSes, point: Callable[[str], None], await_lost_answer: Callable[[], None]
    ) -> None:
        self.client, self.simulator = client, client.simulator
        self._point, self._await_lost_answer = point, await_lost_answer
        self.open_ended: Counter[str] = Counter()

    def send_email(self, **request: Any) -> Json:
        return self._request(lambda: self.client.send_email(**request), [request["EmailTags"]])

    def send_bulk_email(self, **request: Any) -> Json:
        every = request.get("DefaultEmailTags") or []
        tags = [[*every, *entry.get("ReplacementTags", [])] for entry in request["BulkEmailEntries"]]
        return self._request(lambda: self.client.send_bulk_email(**request), tags)

    def get_account(self) -> Json:
        self._point("before GetAccount")
        return self.client.get_account()

    def accepted(self, messages: list[Any]) -> None:
        """Called after each request with what SES accepted of it, also when the answer is lost."""

    def _request(self, call: Callable[[], Json], tags: list[list[Mapping[str, str]]]) -> Json:
        named = [{tag["Name"]: tag["Value"] for tag in entry} for entry in tags]
        self._point("before SES")
        before = len(self.simulator.messages)
        try:
            answer = call()
        except Exception as error:
            if not _is_refusal(error):
                self.open_ended.update(entry["send_id"] for entry in named if "send_id" in entry)
                self._await_lost_answer()
            raise
        finally:
            self.accepted(self.simulator.messages[before:])
        results = answer.get("BulkEmailEntryResults", [answer])
        pairs = zip(named, results, strict=True)
        self.open_ended.update(e["send_id"] for e, result in pairs if result.get("MessageId") and "send_id" in e)
        self._point("after SES")
        return answer


def _is_refusal(error: Exception) -> bool:
    """SES answered, and with a no. A time-out and a reset are no answers, a 5xx is none to rely on."""
    return isinstance(error, ClientError) and int(error.response["ResponseMetadata"]["HTTPStatusCode"]) < 500
