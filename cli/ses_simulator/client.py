"""The simulator behind the face of a boto3 SESv2 client, in process: same parameters, same errors, no HTTP."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

import botocore.session
from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ClientError, ConnectionClosedError, ParamValidationError, ReadTimeoutError
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from ses_simulator.bulk import send_bulk_email
from ses_simulator.errors import AnswerLost, SesRefusal
from ses_simulator.simulator import SesSimulator
from ses_simulator.suppression import (
    delete_suppressed,
    get_account,
    get_suppressed,
    list_suppressed,
    put_suppressed,
)

ENDPOINT = "https://email.ap-northeast-1.amazonaws.com"


@lru_cache(maxsize=1)
def _model() -> ServiceModel:
    model: ServiceModel = botocore.session.get_session().get_service_model("sesv2")
    return model


@lru_cache(maxsize=1)
def _exceptions() -> Any:
    return ClientExceptionsFactory().create_client_exceptions(_model())


class SimulatedSes:
    """Use it wherever a `boto3.client("sesv2")` is expected.

    The default account is fresh out of the sandbox: 14 recipients in any one second of `clock`, 50,000 in 24 hours. A
    test with a stopped clock that sends more gets TooManyRequestsException, as it would from SES; raise
    `simulator.account.max_send_rate` if that is not what the test is about. Further keyword arguments go to
    `SesSimulator`.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        identities: Iterable[str],
        configuration_sets: Iterable[str] = (),
        **options: Any,
    ) -> None:
        self.simulator = SesSimulator(
            clock=clock, identities=frozenset(identities), configuration_sets=frozenset(configuration_sets), **options
        )

    @property
    def exceptions(self) -> Any:
        """`client.exceptions.TooManyRequestsException` and friends."""
        return _exceptions()

    def send_email(self, **kwargs: Any) -> dict[str, Any]:
        return self._answer("SendEmail", kwargs, lambda: {"MessageId": self.simulator.send_email(kwargs)})

    def send_bulk_email(self, **kwargs: Any) -> dict[str, Any]:
        return self._answer(
            "SendBulkEmail", kwargs, lambda: {"BulkEmailEntryResults": send_bulk_email(self.simulator, kwargs)}
        )

    def get_account(self, **kwargs: Any) -> dict[str, Any]:
        return self._answer("GetAccount", kwargs, lambda: get_account(self.simulator))

    def put_suppressed_destination(self, **kwargs: Any) -> dict[str, Any]:
        return self._answer("PutSuppressedDestination", kwargs, lambda: put_suppressed(self.simulator, kwargs))

    def get_suppressed_destination(self, **kwargs: Any) -> dict[str, Any]:
        return self._answer(
            "GetSuppressedDestination", kwargs, lambda: get_suppressed(self.simulator, kwargs["EmailAddress"])
        )

    def delete_suppressed_destination(self, **kwargs: Any) -> dict[str, Any]:
        return self._answer(
            "DeleteSuppressedDestination", kwargs, lambda: delete_suppressed(self.simulator, kwargs["EmailAddress"])
        )

    def list_suppressed_destinations(self, **kwargs: Any) -> dict[str, Any]:
        return self._answer("ListSuppressedDestinations", kwargs, lambda: list_suppressed(self.simulator, kwargs))

    def _answer(self, operation: str, kwargs: Mapping[str, Any], act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        shape = _model().operation_model(operation).input_shape
        report = ParamValidator().validate(kwargs, shape) if shape else None
        if report and report.has_errors():
            raise ParamValidationError(report=report.generate_report())
        try:
            return {**act(), "ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0, "HTTPHeaders": {}}}
        except SesRefusal as refusal:
            _raise_client_error(operation, refusal.code, refusal.message, refusal.status)
        except AnswerLost as loss:
            _raise_loss(operation, loss)


def _raise_client_error(operation: str, code: str, message: str, status: int) -> NoReturn:
    error: type[ClientError] = _exceptions().from_code(code)
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": 0, "HTTPHeaders": {}},
    }
    raise error(answer, operation)


def _raise_loss(operation: str, loss: AnswerLost) -> NoReturn:
    if loss.how == "timeout":
        raise ReadTimeoutError(endpoint_url=ENDPOINT, error=loss)
    if loss.how == "reset":
        raise ConnectionClosedError(endpoint_url=ENDPOINT, error=loss)
    _raise_client_error(operation, "InternalFailure", "An internal error occurred.", 500)
