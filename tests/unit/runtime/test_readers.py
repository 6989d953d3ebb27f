"""Each kind of definition has a model by which a function checks that it can read it."""

from typing import get_args

from pydantic import BaseModel
from sodate.playbook.store import Kind
from sodate.runtime.readers import MODELS, model_of


def test_every_kind_has_its_model() -> None:
    assert set(MODELS) == set(get_args(Kind)) - {"sequence"}  # sequences are compiled, and have two models
    assert all(issubclass(model_of(kind), BaseModel) for kind in MODELS)
