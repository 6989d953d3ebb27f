"""The SESv2 REST interface over the simulator: real boto3 talks to it when AWS_ENDPOINT_URL_SESV2 points here."""

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Any

from ses_simulator import identities, suppression
from ses_simulator.bulk import send_bulk_email
from ses_simulator.errors import AnswerLost, SesRefusal
from ses_simulator.simulator import SesSimulator

from sodate_cli.local.web import NoAnswer, Request, Response, Route, json_response

# Longer than any read timeout that a sender should have.
TIMEOUT_SECONDS = 70.0


class SesApi:
    """Routes of SESv2. One lock: the simulator is a value, not a concurrent server."""

    def __init__(self, simulator: SesSimulator, lock: Lock, accepted: Callable[[], None] = lambda: None) -> None:
        self._simulator = simulator
        self._lock = lock
        self._accepted = accepted

    def routes(self) -> list[Route]:
        addresses = "/v2/email/suppression/addresses"
        return [
            Route("POST", "/v2/email/outbound-emails", self._send_email),
            Route("POST", "/v2/email/outbound-bulk-emails", self._send_bulk_email),
            Route("GET", "/v2/email/account", self._get_account),
            Route("POST", "/v2/email/identities", self._create_identity),
            Route("GET", "/v2/email/identities/{identity}", self._get_identity),
            Route("PUT", addresses, self._put_suppressed),
            Route("GET", addresses, self._list_suppressed),
            Route("GET", addresses + "/{address}", self._get_suppressed),
            Route("DELETE", addresses + "/{address}", self._delete_suppressed),
        ]

    def _send_email(self, request: Request) -> Response:
        return self._answer(lambda: {"MessageId": self._simulator.send_email(request.json())})

    def _send_bulk_email(self, request: Request) -> Response:
        return self._answer(lambda: {"BulkEmailEntryResults": send_bulk_email(self._simulator, request.json())})

    def _get_account(self, request: Request) -> Response:
        return self._answer(lambda: suppression.get_account(self._simulator))

    def _create_identity(self, request: Request) -> Response:
        return self._answer(lambda: identities.create_identity(self._simulator, request.json()))

    def _get_identity(self, request: Request, identity: str) -> Response:
        return self._answer(lambda: identities.get_identity(self._simulator, identity))

    def _put_suppressed(self, request: Request) -> Response:
        return self._answer(lambda: suppression.put_suppressed(self._simulator, request.json()))

    def _list_suppressed(self, request: Request) -> Response:
        query = {name: values[-1] for name, values in request.query.items()}
        wanted: dict[str, Any] = {**query, "Reasons": request.query.get("Reason")}
        if since := query.get("StartDate"):
            wanted["StartDate"] = datetime.fromisoformat(since.replace("Z", "+00:00"))
        return self._answer(lambda: suppression.list_suppressed(self._simulator, wanted))

    def _get_suppressed(self, request: Request, address: str) -> Response:
        return self._answer(lambda: suppression.get_suppressed(self._simulator, address))

    def _delete_suppressed(self, request: Request, address: str) -> Response:
        return self._answer(lambda: suppression.delete_suppressed(self._simulator, address))

    def _answer(self, act: Callable[[], dict[str, Any]]) -> Response:
        try:
            with self._lock:
                document = act()
        except SesRefusal as refusal:
            return _error(refusal.code, refusal.message, refusal.status)
        except AnswerLost as loss:
            return _lost(loss)
        finally:
            self._accepted()
        return json_response(_epochs(document))


def _lost(loss: AnswerLost) -> Response:
    if loss.how == "server-error":
        return _error("InternalFailure", "An internal error occurred.", 500)
    raise NoAnswer(TIMEOUT_SECONDS if loss.how == "timeout" else 0.0)


def _error(code: str, message: str, status: int) -> Response:
    answer = json_response({"message": message}, status)
    return Response(status, answer.body, {**answer.headers, "x-amzn-ErrorType": code})


def _epochs(value: Any) -> Any:
    """Timestamps as the rest-json protocol writes them: seconds."""
    if isinstance(value, dict):
        return {key: _epochs(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_epochs(member) for member in value]
    return value.timestamp() if isinstance(value, datetime) else value
