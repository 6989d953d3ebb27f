"""What is unusually large is listed here, each with its reason."""

from pathlib import Path

import pytest

from tests.architecture import sizes

_SODATE = "layers/sodate/python/sodate/"
#: Place → why it is not split. In `sodate`, fewer than ten.
REASONS = {
    f"{_SODATE}authoring/lint/law.py:_problem": "what one finding consists of",
    f"{_SODATE}dynamodb/table.py": "the one gateway: every call of DynamoDB that the project makes",
    f"{_SODATE}email/delivery/send_batch.py:_Batch": "the steps of the send protocol, without its decisions and writes",
    f"{_SODATE}email/ledger/store.py": "every transition of a SEND item in one place",
    f"{_SODATE}email/ledger/store.py:fold_event": "what an SES event says of one send",
    f"{_SODATE}email/send_request.py:SendSource": "the protocol: what the send protocol asks of a source",
    f"{_SODATE}leads/contact_state.py:ContactState": "one transition per thing that happens to a lead's contact state",
    f"{_SODATE}scenarios/enrollment_source.py:EnrollmentSource": "implements SendSource, one method per question",
    f"{_SODATE}scheduling/dispatch.py:_shard": "the state of one tick, passed down once",
    "cli/ses_simulator/simulator.py:SesSimulator": "one method per thing that SES or a recipient can do to a message",
    "cli/sodate_cli/doctor/deployment.py:Deployment": "one cached reading of the stage per property, no decisions",
    "cli/sodate_cli/local/ses_api.py:SesApi": "one method per route of SESv2",
}


def test_each_large_class_function_and_module_has_a_reason() -> None:
    found = sizes.oversized(*sizes.FOLDERS)
    assert found.keys() == REASONS.keys(), "split it, or give the reason here; take out what is small again"


def test_few_places_of_the_package_are_large() -> None:
    assert sum(place.startswith(_SODATE) for place in REASONS) < 10


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
