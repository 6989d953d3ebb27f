"""JSON Schemas of the playbook files, for editors. Generated from the models, committed, kept current by a test."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sodate.authoring.loader import MANY, SINGLE
from sodate.conditions.one_line_parser import MOST_CHARACTERS

_FOLDERS = {
    "forms": "form",
    "templates": "template",
    "sequences": "sequence",
    "scenarios": "scenario",
    "broadcasts": "broadcast",
    "campaigns": "campaign",
}


def schemas() -> dict[str, str]:
    """File name → text. Sorted keys and a final newline, so that the same models give the same bytes."""
    models: dict[str, type[BaseModel]] = {file.removesuffix(".yaml"): model for file, model in SINGLE.items()}
    models |= {_FOLDERS[folder]: model for folder, model in MANY.items()}
    return {f"{name}.schema.json": _text(name, model) for name, model in sorted(models.items())}


@lru_cache(maxsize=64)
def _text(name: str, model: type[BaseModel]) -> str:
    document: dict[str, Any] = model.model_json_schema(mode="validation")
    _allow_one_line(document)
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"sodate/playbook/{name}", **document}
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


_ONE_LINE = {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS, "description": "A condition on one line."}


def _allow_one_line(part: Any) -> None:
    """The models know trees only; the loader turns a text into one (`authoring.document`)."""
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _allow_one_line(inner)
    if isinstance(part, dict) and {"$ref": "#/$defs/AllOf"} in part.get("oneOf", ()):
        part["oneOf"].append(_ONE_LINE)


def write_schemas(directory: Path) -> list[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schemas().items():
        path = directory / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
