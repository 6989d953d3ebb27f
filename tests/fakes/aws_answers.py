"""Answers of AWS for what moto does not offer, given to real boto3 clients, so that names and shapes are AWS's own.

A request and an answer are validated against botocore's model of the service: a check that calls what does not exist,
and a test that invents a member, both fail. An operation without an answer here goes to
moto. Not kept: any state; each answer is what the test says.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.validate import ParamValidator

Json = dict[str, Any]


class Refused(Exception):
    """Raise it in an answer: the client raises the ClientError of this code."""

    def __init__(self, code: str, message: str = "", status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


@dataclass
class AwsAnswers:
    """`answers`: (service, operation) → a function of the request. `date` is what the Date header says."""

    answers: dict[tuple[str, str], Callable[[Json], Json]]
    date: Callable[[], datetime]
    calls: list[tuple[str, str]] = field(default_factory=list)

    def client(self, service: str) -> Any:
        client = _clients.get(service)
        if client is None:
            client = _clients[service] = boto3.client(service)  # type: ignore[call-overload]
            client.meta.events.register("before-parameter-build.*.*", _keep_request)
            client.meta.events.register(f"before-call.{client.meta.service_model.service_id.hyphenize()}.*", _answer)
        _current.answers = self
        return client

    def answer(self, service: str, model: Any, request: Json) -> tuple[Any, Json] | None:
        self.calls.append((service, model.name))
        made = self.answers.get((service, model.name))
        if made is None:
            return None
        metadata = {
            "HTTPStatusCode": 200,
            "RetryAttempts": 0,
            "HTTPHeaders": {"date": format_datetime(self.date(), True)},
        }
        try:
            document = made(request)
        except Refused as refused:
            error = {"Code": refused.code, "Message": refused.message}
            answer = {"Error": error, "ResponseMetadata": {**metadata, "HTTPStatusCode": refused.status}}
            return SimpleNamespace(status_code=refused.status), answer
        report = ParamValidator().validate(document, model.output_shape) if model.output_shape else None
        assert not (report and report.has_errors()), f"AWS would not answer that: {report.generate_report()}"
        return SimpleNamespace(status_code=200), {**document, "ResponseMetadata": metadata}


#: Making a client costs more than a whole examination, so they outlive a test; the answers do not.
_clients: dict[str, Any] = {}
_current = SimpleNamespace(answers=None)


def _keep_request(params: Json, context: Json, **_: Any) -> None:
    context["request"] = dict(params)


def _answer(model: Any, context: Json, **_: Any) -> tuple[Any, Json] | None:
    answers: AwsAnswers = _current.answers
    return answers.answer(model.service_model.service_name, model, context["request"])
