"""How a finding that does not apply is answered: with one reason, on the resource itself."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """`rule` in full, such as `AwsSolutions-SQS3`."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
