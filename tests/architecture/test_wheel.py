"""The wheel, installed alone: it holds our four packages only, and what needs a checkout says so in a sentence.

A clean environment holds the wheel and exactly the packages that one export (requirements/cli.txt, or runtime.txt for
who takes no extra) pins for this machine. They are linked from the environment that runs the tests, so that no network
and no package cache is needed.
"""

import json
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
WITHOUT_CHECKOUT = (
    ("local", "up"),
    ("local", "down"),
    ("local", "status"),
    ("local", "advance", "3d"),
    ("local", "mail", "list"),
    ("doctor", "--stage", "dev"),
    ("lead", "show", "taro@example.jp", "--stage", "local"),
)
#: Imports every module of our packages and prints, as JSON, the top-level names that are missing.
IMPORT_ALL = """
import calibration, importlib, json, pkgutil, ses_simulator, sodate, sodate_cli
missing = {}
for package in (calibration, ses_simulator, sodate, sodate_cli):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".", onerror=lambda name: None):
        if module.name.endswith(".__main__"):
            continue
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            missing.setdefault(error.name.partition(".")[0], []).append(module.name)
print(json.dumps(missing))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment with the extra `cli`."""
    return environment(wheel, "cli", tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def library_only(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment without extras."""
    return environment(wheel, "runtime", tmp_path_factory.mktemp("library"))


def environment(wheel: Path, export: str, folder: Path) -> Path:
    home = folder / "venv"
    venv.create(home, symlinks=True)
    (packages,) = home.glob("lib/python*/site-packages")
    link_pinned(export, packages)
    install = ["pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(home / "bin" / "python")]
    subprocess.run([find_uv_bin(), *install, str(wheel)], check=True)
    return home / "bin"


def link_pinned(export: str, into: Path) -> None:
    for line in (ROOT / "requirements" / f"{export}.txt").read_text().splitlines():
        if not line or line.startswith(("#", " ")):
            continue
        pin = Requirement(line.removesuffix("\\").strip())
        if pin.marker is not None and not pin.marker.evaluate():
            continue
        installed = distribution(pin.name)
        assert pin.specifier.contains(installed.version), f"{pin.name} is {installed.version} here; run `make venv`"
        for name in {Path(str(file)).parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
            if not (into / name).exists():
                (into / name).symlink_to(Path(str(installed.locate_file(name))).resolve())


def run(clean: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """In the clean environment, away from the checkout, with nothing of this machine's settings."""
    environment = {"PATH": str(clean), "HOME": str(clean.parent), "COLUMNS": "400"}
    line = [str(clean / command[0]), *command[1:]]
    return subprocess.run(line, cwd=clean.parent, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_holds_our_packages_and_their_licence_only(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.partition("/")[0] for name in names}
    (metadata,) = (name for name in top if name.endswith(".dist-info"))
    assert top == {"calibration", "ses_simulator", "sodate", "sodate_cli", metadata}
    assert {f"{metadata}/licenses/LICENSE", f"{metadata}/licenses/NOTICE", "sodate/py.typed"} <= set(names)


def test_the_package_and_the_command_work_alone(clean: Path) -> None:
    done = run(clean, "python", "-c", "import sodate; print(sodate.__file__)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().startswith(str(clean.parent))
    shown = run(clean, "sodate", "--help")
    assert shown.returncode == 0, shown.stderr
    assert "playbook" in shown.stdout


def test_only_what_needs_a_checkout_or_the_extra_for_learning_does_not_import(clean: Path) -> None:
    done = run(clean, "python", "-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    missing: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    learning = {name: modules for name, modules in missing.items() if name not in ("infra", "ministack")}
    assert all(module.startswith("calibration.") for modules in learning.values() for module in modules)
    assert set(learning) <= {"matplotlib", "numpy", "scipy", "sklearn", "threadpoolctl"}
    assert all(module.startswith("sodate_cli.doctor.") for module in missing["infra"])
    assert missing["ministack"] == ["sodate_cli.local.ministack_entry"]


def test_a_playbook_is_checked_without_a_checkout(clean: Path) -> None:
    done = run(clean, "sodate", "playbook", "check", str(ROOT / "playbooks" / "b2b-ja"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", WITHOUT_CHECKOUT, ids=" ".join)
def test_a_command_that_needs_a_checkout_says_so(command: tuple[str, ...], clean: Path) -> None:
    done = run(clean, "sodate", *command)
    assert done.returncode == 4, done.stderr
    assert "this command needs a checkout of the Sodate repository" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_that_needs_no_checkout_does_not_ask_for_one(clean: Path) -> None:
    done = run(clean, "sodate", "lead", "show", "taro@example.jp")
    assert done.returncode == 1
    assert "which stage?" in done.stderr


def test_learning_says_which_extra_it_needs(clean: Path) -> None:
    done = run(clean, "sodate", "score", "calibrate", "--outcomes", "leads.csv")
    assert done.returncode == 2
    assert "pip install 'sodate[calibrate]'" in done.stderr


def test_without_extras_all_but_authoring_imports_and_the_command_says_what_it_needs(library_only: Path) -> None:
    done = run(library_only, "python", "-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    missing: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    needs_the_extra = ("sodate_cli.", "sodate.authoring.", "calibration.")
    assert all(module.startswith(needs_the_extra) for modules in missing.values() for module in modules)
    assert "typer" in missing
    shown = run(library_only, "sodate", "--help")
    assert shown.returncode == 0, shown.stderr
    assert "pip install 'sodate[cli]'" in shown.stdout
    refused = run(library_only, "sodate", "playbook", "check")
    assert refused.returncode == 2
    assert "pip install 'sodate[cli]'" in refused.stderr
    assert "Traceback" not in refused.stderr
