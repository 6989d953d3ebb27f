"""`python -m infra.app`: the CDK command line runs this (cdk.json).

Context: `-c stage=local|dev|prod|…`; `-c stages=FILE` reads another file than `stages.toml`; `-c first_deploy=true`
leaves out the protections against deletion, so that a first deployment that fails can be undone.
"""

import sys
from pathlib import Path

from aws_cdk import App, CliCredentialsStackSynthesizer, Environment, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.config import LocalCloud, Stage
from infra.stacks.sodate import SodateStack
from infra.stages import StageInvalid, complete, has_placeholders, is_declared, stage_named


def build(app: App, stage: Stage | None = None) -> SodateStack:
    """Add the stack of `stage`, or of the one that the context names.

    On AWS stages a finding of cdk-nag fails the synthesis.

    Raises:
        StageInvalid: the stage cannot be built as it is written.
    """
    stage = complete(stage) if stage else _stage(app)
    stack = SodateStack(
        app,
        stage,
        env=Environment(region=stage.region) if stage.region else None,
        synthesizer=CliCredentialsStackSynthesizer() if stage.cli_credentials else None,
        termination_protection=stage.protected,
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
    file = said("stages")
    return stage_named(
        said("stage") or "dev",
        local,
        Path(file) if file else None,
        first_deploy=(said("first_deploy") or "").lower() == "true",
    )


def _notes(stage: Stage, file: Path | None) -> list[str]:
    """What a person may not have meant; the synthesis goes on."""
    notes = []
    if not is_declared(stage.name, file):
        notes.append(f"stage {stage.name!r} is not in stages.toml: an ephemeral stage like dev, deleted with its stack")
    if stage.local is None and has_placeholders(stage):
        notes.append(f"stage {stage.name!r} has placeholders: SES will refuse its email until stages.toml has your own")
    if stage.first_deploy and stage.retained:
        notes.append(f"stage {stage.name!r} is unprotected: deploy once more without first_deploy when it stands")
    return notes


def main() -> None:
    app = App()
    try:
        stage = build(app).stage
    except StageInvalid as error:
        sys.exit(f"sodate: {error}")
    file = app.node.try_get_context("stages")
    for note in _notes(stage, Path(file) if file else None):
        sys.stderr.write(f"sodate: {note}\n")
    app.synth()


if __name__ == "__main__":
    main()
