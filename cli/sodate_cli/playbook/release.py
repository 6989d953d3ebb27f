"""Which release checked a definition, and whether the functions of a stage know the same playbook keys."""

import hashlib
from importlib.metadata import version

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from sodate_cli import stacks
from sodate_cli.playbook.schema import schemas

OUTPUT = "PlaybookSchema"


def schema_digest() -> str:
    """Of all keys that this command line knows. `infra` makes the same from the files in `schemas/playbook`."""
    made = hashlib.sha256()
    for name, text in sorted(schemas().items()):
        made.update(name.encode() + b"\0" + text.encode() + b"\0")
    return made.hexdigest()[:16]


def written_by() -> str:
    return f"{version('sodate')} {schema_digest()}"


def why_deploy_first(stage: str) -> str | None:
    """A warning when the deployed functions were built with other playbook keys; None when not, or nobody can tell."""
    try:
        outputs = stacks.outputs(boto3.client("cloudformation"), stage)
    except (ClientError, BotoCoreError, stacks.StackMissing):
        return None
    if outputs.get(OUTPUT, schema_digest()) == schema_digest():
        return None
    return (
        f"the functions of {stage} were deployed from a release with other playbook keys than this command line: keys"
        " that they do not know have no effect, and a definition that they cannot read stays at its last good version;"
        " deploy first, then apply"
    )
