"""The two CloudFormation stacks of a stage, read as one: every command takes outputs from here."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from sodate.errors import SodateError
from sodate.messages import Message


class StackMissing(SodateError):
    """A stack of the stage is not in this account and region."""

    def __init__(self, name: str) -> None:
        super().__init__(
            Message(
                "there is no stack {stack} in this account and region; check --stage, AWS_PROFILE and"
                " AWS_DEFAULT_REGION",
                stack=name,
            )
        )


def names(stage: str) -> tuple[str, str]:
    """The stateful and the stateless stack, in the order in which they are deployed."""
    return f"Sodate-{stage}-stateful", f"Sodate-{stage}-stateless"


def described(cloudformation: Any, stage: str) -> list[Mapping[str, Any]]:
    """What CloudFormation says of each stack, in the order of `names`.

    Raises:
        StackMissing: one of them was never deployed, or was deleted.
        ClientError: CloudFormation refuses to answer.
    """
    return [_described(cloudformation, name) for name in names(stage)]


def outputs(cloudformation: Any, stage: str) -> dict[str, str]:
    """The outputs of both stacks by name.

    Raises:
        StackMissing: one of them was never deployed, or was deleted.
        ClientError: CloudFormation refuses to answer.
    """
    return merged(described(cloudformation, stage))


def merged(stacks: list[Mapping[str, Any]]) -> dict[str, str]:
    """The outputs of these answers of `described`."""
    return {entry["OutputKey"]: entry["OutputValue"] for stack in stacks for entry in stack.get("Outputs", [])}


def _described(cloudformation: Any, name: str) -> Mapping[str, Any]:
    try:
        matches = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError" and "exist" in error.response["Error"]["Message"]:
            raise StackMissing(name) from error
        raise
    if not matches:
        raise StackMissing(name)
    return dict(matches[0])
