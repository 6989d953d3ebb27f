"""How code becomes assets without Docker.

A function ships as `functions.<name>` out of this repository, our layer ships as it lies in git, and only the pinned
dependencies are installed, once per change of their lock file: the tree is cached under `build/dependencies/`.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import BundlingOptions, DockerImage, IgnoreMode, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from uv import find_uv_bin

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements" / "runtime.txt"
CACHE = ROOT / "build" / "dependencies"
_JUNK = ("__pycache__", "*.pyc")


@dataclass(frozen=True)
class Target:
    """The Python and machine that dependencies are installed for."""

    python: str
    platform: str

    @property
    def is_this_python(self) -> bool:
        return self.python == f"{sys.version_info.major}.{sys.version_info.minor}"


LAMBDA = Target("3.13", "aarch64-manylinux2014")
THIS_MACHINE = Target(f"{sys.version_info.major}.{sys.version_info.minor}", f"{sys.platform}-{platform.machine()}")


def function_code(name: str) -> lambda_.Code:
    """`functions/__init__.py` and `functions/<name>/`, under the same dotted names as in the tests."""
    only = ["/*", "!/functions", "/functions/*", "!/functions/__init__.py", f"!/functions/{name}"]
    return lambda_.Code.from_asset(str(ROOT), ignore_mode=IgnoreMode.GIT, exclude=[*only, *_JUNK])


def shared_code() -> lambda_.Code:
    return lambda_.Code.from_asset(str(ROOT / "layers" / "sodate"), ignore_mode=IgnoreMode.GIT, exclude=list(_JUNK))


def dependencies_code(target: Target) -> lambda_.Code:
    key = _cache_key(target)
    return lambda_.Code.from_asset(
        str(ROOT / "layers" / "dependencies"),
        asset_hash=key,
        bundling=BundlingOptions(image=DockerImage.from_registry("never-used"), local=_Install(target, CACHE / key)),
    )


def _cache_key(target: Target) -> str:
    recipe = f"{target}|compiled={target.is_this_python}|pruned|".encode() + REQUIREMENTS.read_bytes()
    return hashlib.sha256(recipe).hexdigest()


@jsii.implements(ILocalBundling)
class _Install:
    """Raises on failure: answering False would mean "use Docker", which this project never does."""

    def __init__(self, target: Target, cache: Path) -> None:
        self._target, self._cache = target, cache

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:
        if not self._cache.exists():
            install(self._target, self._cache)
        shutil.copytree(self._cache, output_dir, dirs_exist_ok=True, copy_function=_link_or_copy)
        return True


def install(target: Target, into: Path) -> None:
    """Install the locked dependencies into `<into>/python`, the shape that Lambda mounts at /opt; all or nothing."""
    scratch = into.with_name(f"{into.name}.{os.getpid()}")
    where = (
        ["--python", sys.executable]
        if target == THIS_MACHINE
        else ["--python-version", target.python, "--python-platform", target.platform]
    )
    try:
        subprocess.run(
            [
                find_uv_bin(),
                "pip",
                "install",
                "-q",
                "--target",
                str(scratch / "python"),
                *where,
                "--only-binary",
                ":all:",
                "--require-hashes",
                "--link-mode",
                "copy",
                "-r",
                str(REQUIREMENTS),
            ],
            check=True,
        )
        shutil.rmtree(scratch / "python" / "bin", ignore_errors=True)
        _prune(scratch / "python")
        if target.is_this_python:
            _compile(scratch)
        if not into.exists():  # another synthesis may have been faster
            scratch.rename(into)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _prune(packages: Path) -> None:
    """Liquid imports Babel and never asks it for another language; its locales are a third of the layer."""
    for locale in (packages / "babel" / "locale-data").glob("*.dat"):
        if locale.stem not in ("root", "en", "ja"):
            locale.unlink()


def _compile(tree: Path) -> None:
    """Ship byte code where this Python can write it; unchecked, since a zip forgets the times to check it by."""
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", str(tree)],
        check=True,
    )


def _link_or_copy(source: str, target: str) -> None:
    """Hard links make a second synth instant; across file systems they do not exist."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
