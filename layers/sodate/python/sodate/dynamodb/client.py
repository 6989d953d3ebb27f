"""How requests reach DynamoDB: one method, which the SDK's client, the lean client and the tests' memory table have."""

from typing import Any, Protocol

from botocore import xform_name

_TIMEOUTS: dict[str, Any] = {"connect_timeout": 2, "read_timeout": 5}
_RETRIES: Any = {"total_max_attempts": 4, "mode": "standard"}


class Client(Protocol):
    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """One API call in DynamoDB JSON, repeated as the SDK does.

        Raises: botocore's `ClientError` or `BotoCoreError`.
        """
        ...


class SdkClient:
    """boto3's client, for functions without a hot path and for the command line."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return dict(getattr(self.client, xform_name(operation))(**request))


def sdk_client(region: str | None = None) -> SdkClient:
    """`region` None: the one of the environment."""
    import boto3
    from botocore.config import Config

    config = Config(retries=_RETRIES, parameter_validation=False, **_TIMEOUTS)
    return SdkClient(boto3.client("dynamodb", region_name=region, config=config))
