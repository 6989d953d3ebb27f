"""Every kind of item says whether and how it refers to a lead; a kind without a declaration fails here."""

import pkgutil
from importlib import import_module

import pytest
import sodate
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import kinds_of
from sodate.privacy.places import PLACES, OnErasure, Reference, place_of

DECLARED = [place.kind for place in PLACES]


def every_kind() -> set[str]:
    for module in pkgutil.walk_packages(sodate.__path__, "sodate."):
        if module.name.endswith(".store"):
            import_module(module.name)
    return {
        str(model.get_attributes()["kind"].serialize(model))
        for model in kinds_of(TableItem)
        if model.__module__.startswith("sodate.") and model is not TableItem
    }


def test_every_kind_is_declared_once() -> None:
    assert len(DECLARED) == len(set(DECLARED))
    assert every_kind() == set(DECLARED), "say in privacy/places.py how the kind refers to a lead"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.kind)
def test_what_an_erasure_leaves_has_a_reason_and_what_a_person_reads_has_words(place: object) -> None:
    assert isinstance(place, type(PLACES[0]))
    is_left = place.on_erasure in (OnErasure.KEPT, OnErasure.EXPIRES, OnErasure.REDUCED, OnErasure.REDUCED_ELSEWHERE)
    assert is_left == bool(place.why)
    has_words = bool(place.ja) and bool(place.en)
    assert has_words == (place.reference is not Reference.NONE)


def test_an_unknown_kind_in_the_partition_of_a_lead_is_erased() -> None:
    assert place_of("of_a_newer_release").on_erasure is OnErasure.DELETED
