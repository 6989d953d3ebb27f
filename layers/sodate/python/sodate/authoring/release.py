"""Which release checked a definition, and whether the functions of a stage know the same playbook keys."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version

from sodate.authoring.schema import schemas
from sodate.messages import Message

OUTPUT = "PlaybookSchema"


def schema_digest() -> str:
    """Of all keys that this release knows. `infra` makes the same from the files in `schemas/playbook`."""
    made = hashlib.sha256()
    for name, text in sorted(schemas().items()):
        made.update(name.encode() + b"\0" + text.encode() + b"\0")
    return made.hexdigest()[:16]


def written_by() -> str:
    return f"{version('sodate')} {schema_digest()}"


def why_deploy_first(stage: str, outputs: Mapping[str, str]) -> str | None:
    """A warning when the functions of the stage were built with other playbook keys.

    `outputs`: of the stage's stack. None when the keys are the same, or when the stack has no such output.
    """
    if outputs.get(OUTPUT, schema_digest()) == schema_digest():
        return None
    return Message(
        "the functions of {stage} were deployed from a release with other playbook keys than this"
        " command line: keys that they do not know have no effect, and a definition that they cannot"
        " read stays at its last good version; deploy first, then apply",
        stage=stage,
    )
