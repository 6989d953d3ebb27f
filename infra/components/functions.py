"""One function: its own role, an explicit size, and the alias that every trigger goes through."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.bundling import function_code
from infra.catalog import FunctionSpec
from infra.components.layers import ARCHITECTURE, RUNTIME
from infra.components.nag import acknowledge
from infra.components.queues import may_send
from infra.config import Stage

ALIAS = "live"
_WHY_THIS_PYTHON = (
    "The locked dependencies and the tests name Python 3.13; a newer runtime is a change of the lock file."
)


class SodateFunction(Construct):
    """`alias` is what every trigger uses; `allow` is the only way to widen the role."""

    def __init__(
        self,
        scope: Construct,
        stage: Stage,
        spec: FunctionSpec,
        *,
        layers: Sequence[lambda_.ILayerVersion],
        environment: Mapping[str, str],
        dead_letters: sqs.Queue | None,
        log_group: logs.LogGroup,
    ) -> None:
        super().__init__(scope, spec.id)
        self.spec = spec
        self._dead_letters = dead_letters
        name = f"{stage.prefix}-{spec.dashed}"
        self.role = iam.Role(
            self,
            "Role",
            description=f"What {name} may do, and no other function.",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            code=function_code(spec.name),
            handler=spec.handler,
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            layers=list(layers),
            role=self.role,
            log_group=log_group,
            memory_size=spec.size.memory_mb,
            timeout=Duration.seconds(spec.size.timeout_s),
            reserved_concurrent_executions=spec.concurrency.reserved if stage.reserve_concurrency else None,
            environment=dict(environment),
        )
        acknowledge(self.function, "AwsSolutions-L1", _WHY_THIS_PYTHON)
        self.alias = lambda_.Alias(self, "Live", alias_name=ALIAS, version=self.function.current_version)

    def allow(self, *statements: iam.PolicyStatement) -> None:
        for statement in statements:
            self.role.add_to_policy(statement)

    @property
    def dead_letters(self) -> sqs.Queue:
        """What is behind every asynchronous way to this function."""
        if self._dead_letters is None:
            raise ValueError(f"{self.spec.name} is synchronous in the catalog: nothing may call it without waiting")
        return self._dead_letters

    def when_invoked_asynchronously(self, *, retries: int, max_age: Duration) -> None:
        """Lambda drops an asynchronous event after its own retries; here it goes to the dead-letter queue instead."""
        self.allow(may_send(self.dead_letters))
        lambda_.CfnEventInvokeConfig(
            self,
            "AsyncFailures",
            function_name=self.function.function_name,
            qualifier=self.alias.alias_name,
            maximum_retry_attempts=retries,
            maximum_event_age_in_seconds=max_age.to_seconds(),
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=self.dead_letters.queue_arn)
            ),
        ).node.add_dependency(self.alias)
