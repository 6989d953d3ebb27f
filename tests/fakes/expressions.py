"""DynamoDB's condition, key and update expressions, as far as PynamoDB writes them, on plain attribute-value items."""

import re
from copy import deepcopy
from decimal import Decimal
from functools import lru_cache
from typing import Any

Item = dict[str, Any]
Path = tuple[str | int, ...]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),.+\-\[\]]|[#:]?[A-Za-z_0-9]+)")


@lru_cache(maxsize=2000)
def tokens(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text))


class _Reader:
    def __init__(self, text: str, names: dict[str, str], values: Item, item: Item) -> None:
        self._tokens = tokens(text)
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
        if self.peek() == "contains":
            return self._contains()
        left, operator = self.operand(), self.take()
        if operator.upper() == "IN":
            return self._among(left)
        if operator.upper() == "BETWEEN":
            is_not_less = _compare(left, ">=", self.operand())
            self.take("AND")
            return _compare(left, "<=", self.operand()) and is_not_less
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

    def _contains(self) -> bool:
        """Of a set of strings only."""
        self.take()
        self.take("(")
        stored = self.operand()
        self.take(",")
        wanted = self.operand()
        self.take(")")
        return stored is not None and wanted is not None and wanted["S"] in stored["SS"]

    def operand(self) -> Item | None:
        if self.peek().startswith(":"):
            value: Item = self._values[self.take()]
            return value
        if self.peek() in ("if_not_exists", "list_append"):
            return self._value_function()
        if self.peek() == "size":
            return self._size()
        return look_up(self._item, self.path())

    def _value_function(self) -> Item | None:
        name = self.take()
        self.take("(")
        first = self.operand()
        self.take(",")
        second = self.operand()
        self.take(")")
        if name == "if_not_exists":
            return first if first is not None else second
        if first is None or second is None:
            raise KeyError("list_append of what does not exist")
        return {"L": [*first["L"], *second["L"]]}

    def _size(self) -> Item | None:
        self.take()
        self.take("(")
        value = self.operand()
        self.take(")")
        return {"N": str(len(next(iter(value.values()))))} if value else None

    def _sum(self) -> Item | None:
        value = self.operand()
        while self.peek() in ("+", "-"):
            sign, more = (1 if self.take() == "+" else -1), self.operand()
            if value is None or more is None:
                raise KeyError("a sum with what does not exist")
            value = {"N": str(Decimal(value["N"]) + sign * Decimal(more["N"]))}
        return value

    def path(self) -> Path:
        parts: list[str | int] = [self._name()]
        while self.peek() in (".", "["):
            if self.accept("["):
                parts.append(int(self.take()))
                self.take("]")
            else:
                self.take(".")
                parts.append(self._name())
        return tuple(parts)

    def _name(self) -> str:
        token = self.take()
        return self._names.get(token, token)

    # -- updates ---------------------------------------------------------------------------------------------------

    def update(self) -> Item:
        """Every right-hand side sees the item as it was, as in DynamoDB."""
        new = deepcopy(self._item)
        self._removed: list[Path] = []
        while clause := self.take().upper():
            while True:
                self._change(clause, new)
                if not self.accept(","):
                    break
        for path in sorted(self._removed, key=str, reverse=True):  # list elements from the end
            _remove(new, path)
        return new

    def _change(self, clause: str, new: Item) -> None:
        path = self.path()
        if clause == "SET":
            self.take("=")
            value = self._sum()
            if value is None:
                raise KeyError("the right-hand side does not exist")
            _put(new, path, value)
        elif clause == "ADD":
            _put(new, path, _added(look_up(self._item, path), self.operand() or {}))
        elif clause == "DELETE":
            self._take_out(path, self.operand() or {}, new)
        elif clause == "REMOVE":
            self._removed.append(path)
        else:
            raise ValueError(f"unknown clause {clause}")

    def _take_out(self, path: Path, taken: Item, new: Item) -> None:
        stored = look_up(self._item, path)
        left = sorted({*stored["SS"]} - {*taken["SS"]}) if stored else []
        if left:
            _put(new, path, {"SS": left})
        elif stored:
            self._removed.append(path)  # an empty set does not exist


def _added(stored: Item | None, added: Item) -> Item:
    if "SS" in added:
        return {"SS": sorted({*(stored or {"SS": []})["SS"], *added["SS"]})}
    return {"N": str(Decimal((stored or {"N": "0"})["N"]) + Decimal(added["N"]))}


def holds(text: str | None, names: dict[str, str], values: Item, item: Item | None) -> bool:
    return text is None or _Reader(text, names, values, item or {}).either()


def updated(text: str, names: dict[str, str], values: Item, item: Item) -> Item:
    return _Reader(text, names, values, item).update()


def look_up(item: Item, path: Path) -> Item | None:
    value: Item | None = {"M": item}
    for part in path:
        if value is None:
            return None
        if isinstance(part, int):
            stored = value.get("L", [])
            value = stored[part] if part < len(stored) else None
        else:
            value = value["M"].get(part) if "M" in value else None
    return value


def _parent(item: Item, path: Path) -> Item:
    """KeyError: "The document path provided in the update expression is invalid"."""
    inner: Item = {"M": item}
    for part in path[:-1]:
        inner = inner["L"][part] if isinstance(part, int) else inner["M"][part]
    return inner


def _put(item: Item, path: Path, value: Item) -> None:
    parent, last = _parent(item, path), path[-1]
    if isinstance(last, int):
        parent["L"][last : last + 1] = [deepcopy(value)]
    else:
        parent["M"][last] = deepcopy(value)


def _remove(item: Item, path: Path) -> None:
    parent, last = _parent(item, path), path[-1]
    if isinstance(last, int):
        del parent["L"][last : last + 1]
    else:
        parent["M"].pop(last, None)


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
