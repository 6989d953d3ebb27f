"""The payloads in events/http are what API Gateway sends; each meets its real handler."""

import json
from pathlib import Path

import pytest

from tests.support.world import World

SAMPLES = sorted((Path(__file__).parents[2] / "events" / "http").glob("*.json"))
EXPECTED = {
    "form-definition": ("form_capture", 200),
    "form-post-contact-form-7": ("form_capture", 422),  # the sample form knows no names of WordPress
    "form-post-json": ("form_capture", 201),
    "form-post-multipart": ("form_capture", 303),
    "form-post-urlencoded": ("form_capture", 303),
    "unsubscribe-one-click": ("consent_pages", 400),  # its token is a placeholder
}


def test_every_sample_has_its_expectation() -> None:
    assert {path.stem for path in SAMPLES} == set(EXPECTED)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_payload_gets_its_answer(world: World, path: Path) -> None:
    function, status = EXPECTED[path.stem]
    assert world.call(function, json.loads(path.read_text()))["statusCode"] == status
