"""The two layers that every function shares: pinned dependencies, and our own package as it lies in git."""

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundling import LAMBDA, THIS_MACHINE, dependencies_code, shared_code
from infra.config import Stage

RUNTIME = lambda_.Runtime.PYTHON_3_13
# The template says arm64 on every stage; the local cloud runs functions as processes of this machine whatever it says.
ARCHITECTURE = lambda_.Architecture.ARM_64


def build_layers(scope: Construct, stage: Stage) -> list[lambda_.LayerVersion]:
    target = THIS_MACHINE if stage.native_dependencies else LAMBDA
    code = {"dependencies": dependencies_code(target), "sodate": shared_code()}
    return [
        lambda_.LayerVersion(
            scope,
            f"{name.capitalize()}Layer",
            layer_version_name=f"{stage.prefix}-{name}",
            code=asset,
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
        )
        for name, asset in code.items()
    ]
