"""The same CDK app as on AWS, deployed to MiniStack with the pinned CDK command line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from sodate.messages import Message

from sodate_cli import stacks
from sodate_cli.local.folder import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, STAGE, LocalFolder
from sodate_cli.local.process import last_lines


class DeployFailed(RuntimeError):
    """The message holds the end of the CDK log."""


def aws_environment(aws: str) -> dict[str, str]:
    """What points an AWS SDK at the local cloud and away from everything else on this machine."""
    return {
        "AWS_ENDPOINT_URL": aws,
        "AWS_ENDPOINT_URL_S3": aws,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def client(service: str, aws: str) -> Any:
    """A boto3 client of the local cloud."""
    connect: Any = boto3.client
    return connect(
        service,
        endpoint_url=aws,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(read_timeout=70, retries={"total_max_attempts": 2}),
    )


def secret_of(secrets: Any, name: str) -> dict[str, Any]:
    """A JSON secret of the local stage."""
    document: dict[str, Any] = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    return document


def deploy(folder: LocalFolder, repository: Path, aws: str, context: Mapping[str, str]) -> dict[str, str]:
    """Bootstrap and deploy; the outputs of both stacks. Raises DeployFailed.

    Bootstrap knows nothing of our app, so it runs beside the synthesis, in a folder where it finds no cdk.json.
    """
    account = client("sts", aws).get_caller_identity()["Account"]
    outputs, assembly, nowhere = (folder.root / name for name in ("outputs.json", "cdk.out", "bootstrap"))
    nowhere.mkdir(exist_ok=True)
    options = [word for key, value in context.items() for word in ("-c", f"{key}={value}")]
    app = f"{sys.executable} -m infra.app"
    approval = ("--require-approval", "never", "--method", "direct", "--outputs-file", str(outputs))
    cdk = _Cdk(folder, repository, aws)
    with ThreadPoolExecutor(1) as beside, cdk.ended_with_us():
        bootstrapped = beside.submit(cdk, nowhere, "bootstrap", f"aws://{account}/{REGION}")
        cdk(repository, "synth", "--quiet", "--app", app, "--output", str(assembly), "-c", f"stage={STAGE}", *options)
        bootstrapped.result()
        cdk(repository, "deploy", *stacks.names(STAGE), "--app", str(assembly), *approval)
    by_stack: dict[str, dict[str, str]] = json.loads(outputs.read_text())
    return {key: value for name in stacks.names(STAGE) for key, value in by_stack[name].items()}


@dataclass(frozen=True, slots=True)
class _Cdk:
    """The pinned CDK command line, pointed at the local cloud; one log file per sub-command."""

    folder: LocalFolder
    repository: Path
    aws: str
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @contextmanager
    def ended_with_us(self) -> Iterator[None]:
        """Whatever ends the block early, Ctrl-C included, ends the command lines and what they started."""
        try:
            yield
        except BaseException:
            for process in self.running:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            raise

    def __call__(self, where: Path, command: str, *arguments: str) -> None:
        program = self.repository / "node_modules" / ".bin" / "cdk"
        if not program.exists():
            raise DeployFailed(Message("the CDK command line is not installed: run `make venv`"))
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **aws_environment(self.aws),
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        }
        words = [str(program), command, *arguments, "--no-notices", "--no-version-reporting", "--ci", "--no-color"]
        log = self.folder.log_file(f"cdk-{command}")
        with log.open("ab") as sink:
            process = subprocess.Popen(
                words,
                cwd=where,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(process)
        code = process.wait()
        self.running.remove(process)
        if code:
            raise DeployFailed(
                Message(
                    "cdk {command} ended with {code}; the end of {log}:\n{lines}",
                    command=command,
                    code=code,
                    log=log,
                    lines=last_lines(log, 25),
                )
            )
