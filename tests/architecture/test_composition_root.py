"""What a process shares is in its `App`: Sodate's modules have no state, and no test patches a private name."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest
import sodate
from pydantic import BaseModel

ROOT = Path(__file__).parents[2]
TESTS = sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")])
#: State that stays, each with its reason.
ALLOWED_STATE = {
    "sodate.dynamodb.table:_used": "the table in use, per thread or task: docs/decisions/0080",
    "sodate.email.content.render:environment": "the configured template engine; rendering does not change it",
    "sodate.web.catalogs:languages": "files of the package, which never change while it runs",
}
_CHANGES = {"append", "add", "update", "setdefault", "pop", "popitem", "clear", "extend", "insert", "remove", "discard"}


def modules() -> list[ModuleType]:
    names = [module.name for module in pkgutil.walk_packages(sodate.__path__, "sodate.")]
    return [importlib.import_module(name) for name in names]


def state(module: ModuleType) -> Iterator[str]:
    """Names of the module that one call could change for the next one."""
    changed = set(names_changed(ast.parse(Path(str(module.__file__)).read_text())))
    for name, value in vars(module).items():
        if name.startswith("__") or getattr(value, "__module__", module.__name__) != module.__name__:
            continue
        is_singleton = hasattr(value, "cache_parameters") and not value.__wrapped__.__code__.co_argcount
        if is_singleton or name in changed or _is_object_with_state(value):
            yield name


def _is_object_with_state(value: Any) -> bool:
    is_code = isinstance(value, (type, FunctionType, ModuleType)) or hasattr(value, "cache_parameters")
    if isinstance(value, ContextVar):
        return True
    if is_code or not type(value).__module__.startswith("sodate"):
        return False
    frozen = getattr(type(value), "__dataclass_params__", None)
    is_frozen_model = isinstance(value, BaseModel) and bool(value.model_config.get("frozen"))
    return not (isinstance(value, (str, int)) or is_frozen_model or (frozen is not None and frozen.frozen))


def names_changed(tree: ast.Module) -> Iterator[str]:
    own = {
        target.id
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Global(names=names):
                yield from names
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()) if name in own:
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if name in own and attr in _CHANGES:
                yield name


def patches_of_private_names(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_a_patch(node.func):
            texts = [argument.value for argument in node.args[:2] if isinstance(argument, ast.Constant)]
            paths = [ast.unparse(argument) for argument in node.args[:1] if isinstance(argument, ast.Attribute)]
            parts = [part for text in [*texts, *paths] if isinstance(text, str) for part in text.split(".")]
            if any(part.startswith("_") and not part.startswith("__") for part in parts):
                yield node.lineno


def _is_a_patch(function: ast.expr) -> bool:
    text = ast.unparse(function)
    return text.endswith((".setattr", "patch.object", ".delattr")) or text in ("patch", "mock.patch")


def test_a_module_has_no_state() -> None:
    found = {f"{module.__name__}:{name}" for module in modules() for name in state(module)}
    assert found == set(ALLOWED_STATE), "pass it in App, or say here why it may stay"


def test_no_test_patches_a_private_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in TESTS
        for line in patches_of_private_names(ast.parse(path.read_text()))
    ]
    assert not found, "give the code a parameter, or the App another part"


@pytest.mark.parametrize(
    "code",
    ['patch.setattr(store, "_PAGE", 2)', 'mock.patch("a._b.c")', 'patch.object(client._endpoint, "session", 1)'],
)
def test_a_patch_of_a_private_name_is_found(code: str) -> None:
    assert list(patches_of_private_names(ast.parse(code))) == [1]


@pytest.mark.parametrize("code", ["x = {}\ndef f(): x['a'] = 1", "x = []\ndef f(): x.append(1)", "def f():\n global x"])
def test_changed_state_is_found(code: str) -> None:
    assert list(names_changed(ast.parse(code))) == ["x"]
