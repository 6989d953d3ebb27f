"""`python -m infra.app`: the CDK command line runs this (cdk.json). Say the stage with `-c stage=local|dev|prod`."""

from aws_cdk import App, CliCredentialsStackSynthesizer, Environment, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.config import LocalCloud, Stage, stage_named
from infra.stacks.sodate import SodateStack


def build(app: App) -> SodateStack:
    """Add the stack of the stage that the context names. On AWS stages a finding of cdk-nag fails the synthesis."""
    stage = _stage(app)
    stack = SodateStack(
        app,
        stage,
        env=Environment(region=stage.region) if stage.region else None,
        synthesizer=CliCredentialsStackSynthesizer() if stage.cli_credentials else None,
        termination_protection=stage.retained,
        description="Sodate: lead nurturing",
    )
    Tags.of(stack).add("sodate:stage", stage.name)
    if stage.local is None:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return stack


def _stage(app: App) -> Stage:
    def said(key: str) -> str | None:
        value = app.node.try_get_context(key)
        return str(value) if value else None

    local = LocalCloud(
        public_base=said("public_base") or LocalCloud.public_base,
        ses_endpoint=said("ses_endpoint"),
        clock_file=said("clock_file"),
    )
    return stage_named(said("stage") or "dev", local)


if __name__ == "__main__":
    app = App()
    build(app)
    app.synth()
