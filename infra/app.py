"""`python -m infra.app`: the CDK command line runs this (cdk.json).

Context: `-c stage=local|dev|prod|…`; `-c stages=FILE` reads another file than `stages.toml`; `-c first_deploy=true`
leaves out the protections against deletion, so that a first deployment that fails can be undone.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from aws_cdk import App, CliCredentialsStackSynthesizer, Environment, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.config import LocalCloud, Stage
from infra.stacks.stateful import StatefulStack
from infra.stacks.stateless import StatelessStack
from infra.stages import StageInvalid, complete, has_placeholders, is_declared, stage_named


class Stacks(NamedTuple):
    """Both stacks of a stage."""

    stateful: StatefulStack
    stateless: StatelessStack


def build(app: App, stage: Stage | None = None) -> Stacks:
    """Add the stacks of `stage`, or of the one that the context names.

    On AWS stages a finding of cdk-nag fails the synthesis.

    Raises:
        StageInvalid: the stage cannot be built as it is written.
    """
    stage = complete(stage) if stage else _stage(app)

    def options(what: str) -> dict[str, object]:
        return {
            "env": Environment(region=stage.region) if stage.region else None,
            "synthesizer": CliCredentialsStackSynthesizer() if stage.cli_credentials else None,
            "termination_protection": stage.protected,
            "description": f"Sodate: lead nurturing, {what}",
        }

    stateful = StatefulStack(app, stage, **options("what must survive"))
    stateless = StatelessStack(app, stateful, **options("what a deployment makes again"))
    stateless.add_stack_dependency(stateful, "it reads outputs of the stateful stack")
    Tags.of(app).add("sodate:stage", stage.name)
    if stage.local is None:
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return Stacks(stateful, stateless)


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
        stage = build(app).stateful.stage
    except StageInvalid as error:
        sys.exit(f"sodate: {error}")
    file = app.node.try_get_context("stages")
    for note in _notes(stage, Path(file) if file else None):
        sys.stderr.write(f"sodate: {note}\n")
    for stack in app.synth().stacks:
        sys.stderr.write(f"sodate: {stack.stack_name} has {len(stack.template['Resources'])} resources of 500\n")


if __name__ == "__main__":
    main()
