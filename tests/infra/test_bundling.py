"""Assets: a function ships its own folder and no other, and dependencies are installed once or the synthesis fails."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra import bundling
from infra.bundling import LAMBDA, THIS_MACHINE


def test_a_function_ships_its_own_folder_under_its_dotted_name(prod_stack: Any) -> None:
    for name, function in prod_stack.functions().items():
        files = _files(prod_stack, function["Code"]["S3Key"])
        assert {f for f in files if not f.startswith(f"functions/{name}/")} == {"functions/__init__.py"}
        assert f"functions/{name}/handler.py" in files


def test_our_layer_ships_as_it_lies_in_git_without_byte_code(prod_stack: Any) -> None:
    (layer,) = [
        p for p in prod_stack.all("AWS::Lambda::LayerVersion").values() if p["LayerName"] == "sodate-prod-sodate"
    ]
    files = _files(prod_stack, layer["Content"]["S3Key"])
    assert "python/sodate/__init__.py" in files
    assert not [f for f in files if f.endswith(".pyc")]


def test_dependencies_are_installed_from_hashes_for_lambda_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def install(command: list[str], *, check: bool) -> None:
        assert check
        commands.append([str(word) for word in command])
        (Path(command[command.index("--target") + 1]) / "boto3").mkdir(parents=True)

    monkeypatch.setattr(bundling.subprocess, "run", install)
    install_step = bundling._Install(LAMBDA, tmp_path / "cache")
    assert install_step.try_bundle(str(tmp_path / "one")) is True
    assert install_step.try_bundle(str(tmp_path / "two")) is True
    (command,) = [c for c in commands if "pip" in c]
    assert "--require-hashes" in command
    assert command[command.index("--python-platform") + 1] == "aarch64-manylinux2014"
    assert command[command.index("--python-version") + 1] == "3.13"
    assert (tmp_path / "two" / "python" / "boto3").is_dir()


def test_a_failed_install_fails_the_synthesis_and_leaves_no_half_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[str], *, check: bool) -> None:
        Path(command[command.index("--target") + 1]).mkdir(parents=True)
        raise OSError("no network")

    monkeypatch.setattr(bundling.subprocess, "run", fail)
    with pytest.raises(OSError, match="no network"):
        bundling._Install(LAMBDA, tmp_path / "cache").try_bundle(str(tmp_path / "out"))
    assert list(tmp_path.glob("cache*")) == []


def test_another_lock_file_or_another_machine_is_another_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bundling._cache_key(LAMBDA)
    assert before != bundling._cache_key(THIS_MACHINE)
    lock = tmp_path / "runtime.txt"
    lock.write_text("boto3==0.0.0\n")
    monkeypatch.setattr(bundling, "REQUIREMENTS", lock)
    assert bundling._cache_key(LAMBDA) != before


def _files(stack: Any, key: str) -> set[str]:
    """What an asset holds, by the hash that its S3 key names."""
    assets = json.loads((stack.assembly / f"Sodate-{stack.name}-stateless.assets.json").read_text())["files"]
    folder = stack.assembly / assets[key.removesuffix(".zip")]["source"]["path"]
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
