"""The public HTTP API: explicit routes only, throttled, and logged without a trace of who came."""

import json
from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.components.functions import SodateFunction, retention
from infra.components.nag import acknowledge
from infra.components.storage import removal
from infra.config import Stage

GET, POST, HEAD = apigateway.HttpMethod.GET, apigateway.HttpMethod.POST, apigateway.HttpMethod.HEAD

ROUTES: Mapping[str, Mapping[str, tuple[apigateway.HttpMethod, ...]]] = {
    "form_capture": {"/forms/{form_id}": (GET,), "/forms/{form_id}/submissions": (POST,)},
    "consent_pages": {
        "/opt-in/{token}": (GET, HEAD, POST),
        "/unsubscribe/{token}": (GET, HEAD, POST),
        "/preferences/{token}": (GET, HEAD, POST),
    },
    "sales_feedback": {"/sales/feedback/{token}": (GET, HEAD, POST)},
}
_WHY_PUBLIC = (
    "Public by purpose: forms are open to anyone, and link pages are authorised by the signed token in their path, "
    "which the function verifies."
)
# The route, never the path: paths hold tokens. No address, no user agent: who came is nobody's business here.
ACCESS_LOG_FIELDS = (
    "requestId", "requestTimeEpoch", "routeKey", "status", "responseLatency", "responseLength",
    "integrationStatus", "integrationErrorMessage",
)  # fmt: skip


class PublicApi(Construct):
    """Built before the functions, since they are told its address; `connect` adds their routes."""

    def __init__(self, scope: Construct, stage: Stage, key: kms.Key | None) -> None:
        super().__init__(scope, "Api")
        self.api = apigateway.HttpApi(
            self,
            "HttpApi",
            api_name=stage.prefix,
            create_default_stage=False,
            cors_preflight=apigateway.CorsPreflightOptions(
                allow_origins=list(stage.origins),
                allow_methods=[apigateway.CorsHttpMethod.GET, apigateway.CorsHttpMethod.POST],
                allow_headers=["content-type"],
                max_age=Duration.hours(1),
            ),
        )
        if stage.cors_keys_in_camel_case:
            _repeat_cors_in_camel_case(self.api, stage)
        self.public_url = _public_url(self.api, stage)
        self._default_stage(stage, key)

    def connect(self, functions: Mapping[str, SodateFunction]) -> None:
        for name, routes in ROUTES.items():
            integration = integrations.HttpLambdaIntegration(f"To{functions[name].spec.id}", functions[name].alias)
            for path, methods in routes.items():
                for route in self.api.add_routes(path=path, methods=list(methods), integration=integration):
                    acknowledge(route, "AwsSolutions-APIG4", _WHY_PUBLIC)

    def _default_stage(self, stage: Stage, key: kms.Key | None) -> None:
        log_group = logs.LogGroup(
            self,
            "AccessLogs",
            log_group_name=f"/aws/apigateway/{stage.prefix}",
            encryption_key=key,
            retention=retention(stage),
            removal_policy=removal(stage),
        )
        apigateway.CfnStage(
            self,
            "DefaultStage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=stage.throttle.requests_per_second,
                throttling_burst_limit=stage.throttle.burst,
            ),
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn,
                format=json.dumps({field: f"$context.{field}" for field in ACCESS_LOG_FIELDS}),
            ),
        )


def _public_url(api: apigateway.HttpApi, stage: Stage) -> str:
    if stage.local:
        return f"{stage.local.public_base.rstrip('/')}/_aws/execute-api/{api.api_id}/$default"
    return stage.public_url or api.api_endpoint


def _repeat_cors_in_camel_case(api: apigateway.HttpApi, stage: Stage) -> None:
    """The local cloud keeps the template's keys as they are written, and then looks for camel case."""
    resource = api.node.default_child
    assert isinstance(resource, apigateway.CfnApi)  # noqa: S101
    for key, value in {
        "allowOrigins": list(stage.origins),
        "allowMethods": ["GET", "POST"],
        "allowHeaders": ["content-type"],
        "maxAge": 3600,
    }.items():
        resource.add_property_override(f"CorsConfiguration.{key}", value)
    acknowledge(api, "CloudFormation-Validate::F3002", "Only on the local cloud: see docs/decisions/0010.")
