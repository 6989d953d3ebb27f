"""DynamoDB's condition, key and update expressions, as far as PynamoDB writes them, on plain attribute-value items."""

import re
from copy import deepcopy
from decimal import Decimal
from functools import lru_cache
from typing import Any

Item = dict[str, Any]
Path = tuple[str, ...]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),.+\-]|[#:]?[A-Za-z_0-9]+)")


@lru_cache(maxsize=2000)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text))


class _Reader:
    def __init__(self, text: str, names: dict[str, str], values: Item, item: Item) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._names = names
        self._values = values
        self._item = item

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.peek()
        if wanted is not None and token.upper() != wanted:
            raise ValueError(f"expected {wanted}, found {token!r} in {self._tokens}")
        self._at += 1
        return token

    def accept(self, wanted: str) -> bool:
        if self.peek().upper() != wanted:
            return False
        self._at += 1
        return True

    # -- conditions ------------------------------------------------------------------------------------------------

    def either(self) -> bool:
        found = self.both()
        while self.accept("OR"):
            found = self.both() or found
        return found

    def both(self) -> bool:
        found = self.one()
        while self.accept("AND"):
            found = self.one() and found
        return found

    def one(self) -> bool:
        if self.accept("NOT"):
            return not self.one()
        if self.accept("("):
            found = self.either()
            self.take(")")
            return found
        if self.peek() in ("attribute_exists", "attribute_not_exists", "begins_with"):
            return self._function()
        left, operator = self.operand(), self.take()
        if operator.upper() == "IN":
            return self._among(left)
        return _compare(left, operator, self.operand())

    def _among(self, left: Item | None) -> bool:
        self.take("(")
        found = _compare(left, "=", self.operand())
        while self.accept(","):
            found = _compare(left, "=", self.operand()) or found
        self.take(")")
        return found

    def _function(self) -> bool:
        name = self.take()
        self.take("(")
        value = self.operand()
        found = (value is None) == (name == "attribute_not_exists")
        if name == "begins_with":
            self.take(",")
            prefix = self.operand()
            found = value is not None and prefix is not None and str(value["S"]).startswith(str(prefix["S"]))
        self.take(")")
        return found

    def operand(self) -> Item | None:
        if self.peek().startswith(":"):
            value: Item = self._values[self.take()]
            return value
        return look_up(self._item, self.path())

    def path(self) -> Path:
        parts = [self._name()]
        while self.accept("."):
            parts.append(self._name())
        return tuple(parts)

    def _name(self) -> str:
        token = self.take()
        return self._names.get(token, token)

    # -- updates ---------------------------------------------------------------------------------------------------

    def update(self) -> Item:
        """Every right-hand side sees the item as it was, as in DynamoDB."""
        new = deepcopy(self._item)
        while clause := self.take().upper():
            while True:
                self._change(clause, new)
                if not self.accept(","):
                    break
        return new

    def _change(self, clause: str, new: Item) -> None:
        path = self.path()
        if clause == "SET":
            self.take("=")
            value = self.operand()
            if value is None:
                raise KeyError("the right-hand side does not exist")
            _put(new, path, value)
        elif clause == "ADD":
            held = look_up(self._item, path) or {"N": "0"}
            added = self.operand() or {}
            _put(new, path, {"N": str(Decimal(held["N"]) + Decimal(added["N"]))})
        elif clause == "REMOVE":
            inner = _parent(new, path)
            inner.pop(path[-1], None)
        else:
            raise ValueError(f"unknown clause {clause}")


def holds(text: str | None, names: dict[str, str], values: Item, item: Item | None) -> bool:
    return text is None or _Reader(text, names, values, item or {}).either()


def updated(text: str, names: dict[str, str], values: Item, item: Item) -> Item:
    return _Reader(text, names, values, item).update()


def look_up(item: Item, path: Path) -> Item | None:
    value: Item | None = item.get(path[0])
    for name in path[1:]:
        value = value["M"].get(name) if value is not None and "M" in value else None
    return value


def _parent(item: Item, path: Path) -> Item:
    inner = item
    for name in path[:-1]:
        inner = inner[name]["M"]  # KeyError: "The document path provided in the update expression is invalid"
    return inner


def _put(item: Item, path: Path, value: Item) -> None:
    _parent(item, path)[path[-1]] = deepcopy(value)


def _compare(left: Item | None, operator: str, right: Item | None) -> bool:
    if left is None or right is None:
        return operator == "<>" and left is not right
    if operator in ("=", "<>"):
        return (_plain(left) == _plain(right)) == (operator == "=")
    if left.keys() != right.keys():
        return False
    one, other = _plain(left), _plain(right)
    return bool({"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operator])


def _plain(value: Item) -> Any:
    ((tag, content),) = value.items()
    return Decimal(content) if tag == "N" else (content if tag == "S" else (tag, content))
