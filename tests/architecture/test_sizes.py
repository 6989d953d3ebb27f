"""What is unusually large in the command line, its packages and the functions is listed here, each with its reason."""

from pathlib import Path

import pytest

from tests.architecture import sizes

#: Place → why it is not split.
REASONS = {
    "cli/ses_simulator/simulator.py:SesSimulator": "one method per thing that SES or a recipient can do to a message",
    "cli/sodate_cli/doctor/deployment.py:Deployment": "one cached reading of the stage per property, no decisions",
    "cli/sodate_cli/local/ses_api.py:SesApi": "one method per route of SESv2",
}


def test_each_large_class_function_and_module_has_a_reason() -> None:
    found = sizes.oversized("cli", "functions")
    assert found.keys() == REASONS.keys(), "split it, or give the reason here; take out what is small again"


LARGE = {
    "eleven methods": "class Large:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(11)),
    "seven parameters": "def large(a, b, c, d, /, e, *, f, g): ...\n",
    "too many lines": "\n" * 301,
}
SMALL = {
    "ten methods": "class Small:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(10)),
    "six parameters and self": "class Small:\n    def small(self, a, b, c, d, e, f): ...\n",
    "a decorated command": "@app.command()\ndef small(a, b, c, d, e, f, g): ...\n",
    "a mounted command": "def small(a, b, c, d, e, f, g): ...\napp.command('small')(small)\n",
}


@pytest.mark.parametrize("source", LARGE.values(), ids=LARGE)
def test_what_is_too_large_is_found(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(_sizes_of(source, tmp_path, monkeypatch)) == 1


@pytest.mark.parametrize("source", SMALL.values(), ids=SMALL)
def test_what_is_small_or_a_command_is_not(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _sizes_of(source, tmp_path, monkeypatch)


def _sizes_of(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    (tmp_path / "module.py").write_text(source)
    monkeypatch.setattr(sizes, "ROOT", tmp_path)
    return sizes.oversized(".")
