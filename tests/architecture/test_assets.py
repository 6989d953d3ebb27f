"""What is deployed imports by itself: each function with only its own folder, our layer and the pinned dependencies."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.bundling import CACHE, THIS_MACHINE, _cache_key, install
from infra.catalog import EVERY_FUNCTION

ROOT = Path(__file__).parents[2]
SETTINGS = {"POWERTOOLS_SERVICE_NAME": "test", "AWS_DEFAULT_REGION": "ap-northeast-1"}


@pytest.fixture(scope="session")
def dependencies() -> Path:
    """The dependency layer for this machine, from the same recipe that the deployment uses."""
    tree = CACHE / _cache_key(THIS_MACHINE)
    if not tree.exists():
        install(THIS_MACHINE, tree)
    return tree / "python"


@pytest.mark.parametrize("spec", EVERY_FUNCTION, ids=lambda spec: spec.name)
def test_a_built_function_imports_in_a_clean_interpreter(spec: object, dependencies: Path, tmp_path: Path) -> None:
    name, handler = spec.name, spec.handler  # type: ignore[attr-defined]
    task = tmp_path / "task"
    (task / "functions").mkdir(parents=True)
    shutil.copy(ROOT / "functions" / "__init__.py", task / "functions")
    shutil.copytree(ROOT / "functions" / name, task / "functions" / name)
    module, _, attribute = handler.rpartition(".")
    paths = [str(task), str(ROOT / "layers" / "sodate" / "python"), str(dependencies)]
    program = (
        f"import sys; sys.path[:0] = {paths!r}; import importlib; "
        f"assert callable(getattr(importlib.import_module({module!r}), {attribute!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], env=SETTINGS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
