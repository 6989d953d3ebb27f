"""The public HTTP API: explicit routes only, throttled, and logged without a trace of who came.

`PublicApi` is its address, which stands in every email that is out; `PublicRoutes` is what answers there.
"""

import json
from collections.abc import Mapping

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.components.functions import SodateFunction
from infra.components.logs import build_log_group
from infra.components.nag import acknowledge
from infra.config import Stage

GET, POST, HEAD = apigateway.HttpMethod.GET, apigateway.HttpMethod.POST, apigateway.HttpMethod.HEAD
OPTIONS = apigateway.HttpMethod.OPTIONS

ROUTES: Mapping[str, Mapping[str, tuple[apigateway.HttpMethod, ...]]] = {
    "form_capture": {
        "/forms/{form_id}": (GET, OPTIONS),
        "/forms/{form_id}/submissions": (POST, OPTIONS),
        "/quarantine/{token}": (GET, HEAD, POST),
    },
    "consent_pages": {
        "/opt-in/{token}": (GET, HEAD, POST),
        "/unsubscribe/{token}": (GET, HEAD, POST),
        "/preferences/{token}": (GET, HEAD, POST),
    },
    "privacy_pages": {"/privacy/{token}": (GET, HEAD, POST)},
    "sales_feedback": {"/sales/feedback/{token}": (GET, HEAD, POST)},
    "web_events": {"/events": (POST, OPTIONS), "/sodate.js": (GET, HEAD)},
    "activities_api": {"/activities": (POST,), "/deals": (POST,), "/iam/activities": (POST,), "/iam/deals": (POST,)},
}
EVENTS = ("POST /events", "OPTIONS /events")
#: Below this path API Gateway itself lets in only whom an IAM policy allows it; the function trusts its word.
IAM = "/iam/"
_WHY_PUBLIC = (
    "Public by purpose: forms are open to anyone, link pages are authorised by the signed token in their path, and "
    "systems by an API token in a header; the function verifies either."
)
# The route, never the path: paths hold tokens. No address, no user agent: who came is nobody's business here.
ACCESS_LOG_FIELDS = (
    "requestId", "requestTimeEpoch", "routeKey", "status", "responseLatency", "responseLength",
    "integrationStatus", "integrationErrorMessage",
)  # fmt: skip


class PublicApi(Construct):
    """The address and its access log, without anything that answers."""

    def __init__(self, scope: Construct, stage: Stage, key: kms.Key | None) -> None:
        super().__init__(scope, "Api")
        self.api = apigateway.HttpApi(
            self,
            "HttpApi",
            api_name=stage.prefix,
            create_default_stage=False,
        )
        if stage.preflight_at_gateway:
            _answer_preflights_at_the_gateway(self.api)
        self.public_url = _public_url(self.api, stage)
        self.access_logs = build_log_group(self, "AccessLogs", stage, f"/aws/apigateway/{stage.prefix}", key)


class PublicRoutes(Construct):
    """The routes of `public`, each to its function, and the limits under which they answer."""

    def __init__(
        self, scope: Construct, stage: Stage, public: PublicApi, functions: Mapping[str, SodateFunction]
    ) -> None:
        super().__init__(scope, "Routes")
        made: dict[str, apigateway.HttpRoute] = {}
        for name, routes in ROUTES.items():
            # One permission per function, for this API: one per route took a tenth of the stack's resources.
            integration = integrations.HttpLambdaIntegration(
                f"To{functions[name].spec.id}", functions[name].alias, scope_permission_to_route=False
            )
            for path, methods in routes.items():
                for method in methods:
                    key = apigateway.HttpRouteKey.with_(path, method)
                    route = apigateway.HttpRoute(
                        self,
                        key.key,
                        http_api=public.api,
                        integration=integration,
                        route_key=key,
                        authorizer=authorizers.HttpIamAuthorizer() if path.startswith(IAM) else None,
                    )
                    if not path.startswith(IAM):
                        acknowledge(route, "AwsSolutions-APIG4", _WHY_PUBLIC)
                    made[key.key] = route
        deployed = apigateway.CfnStage(
            self,
            "DefaultStage",
            api_id=public.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=apigateway.CfnStage.RouteSettingsProperty(
                throttling_rate_limit=stage.throttle.requests_per_second,
                throttling_burst_limit=stage.throttle.burst,
            ),
            # Anyone may send events, many of them: they must not use up what forms and links answer with.
            route_settings={
                route: {
                    "ThrottlingRateLimit": stage.events_throttle.requests_per_second,
                    "ThrottlingBurstLimit": stage.events_throttle.burst,
                }
                for route in EVENTS
            },
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=public.access_logs.log_group_arn,
                format=json.dumps({field: f"$context.{field}" for field in ACCESS_LOG_FIELDS}),
            ),
        )
        for route_key in EVENTS:
            resource = made[route_key].node.default_child
            assert isinstance(resource, apigateway.CfnRoute)  # noqa: S101
            deployed.add_dependency(resource)  # settings of a route that is not there yet are refused


def _public_url(api: apigateway.HttpApi, stage: Stage) -> str:
    if stage.local:
        return f"{stage.local.public_base.rstrip('/')}/_aws/execute-api/{api.api_id}/$default"
    return stage.public_url or api.api_endpoint


def _answer_preflights_at_the_gateway(api: apigateway.HttpApi) -> None:
    """The local cloud never asks a function about `OPTIONS`; it looks for these keys in camel case."""
    resource = api.node.default_child
    assert isinstance(resource, apigateway.CfnApi)  # noqa: S101
    for key, value in {
        "allowOrigins": ["*"],
        "allowMethods": ["GET", "POST"],
        "allowHeaders": ["content-type"],
        "exposeHeaders": ["retry-after"],
        "maxAge": 3600,
    }.items():
        resource.add_property_override(f"CorsConfiguration.{key}", value)
    acknowledge(api, "CloudFormation-Validate::F3002", "Only on the local cloud: see docs/decisions/0010.")
