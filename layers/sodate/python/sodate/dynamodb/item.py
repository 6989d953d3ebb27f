"""The base model of every item, and the codec derived from the models.

An item's PynamoDB model is its only schema. `encode` and `row` write DynamoDB JSON from it, `decode` and `values` read
it back; `row` and `values` build no model instance and cost about a tenth of the CPU, for the items that every email
or activity has.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from pynamodb.attributes import (
    Attribute,
    DiscriminatorAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.models import Model

#: One item or key as DynamoDB JSON: attribute name → `{"S": "text"}`.
Row = dict[str, Any]


class TableItem(Model):
    class Meta:
        table_name = "unused"  # the requests are made by `sodate.dynamodb.table`, never by PynamoDB's connection

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute()
    ttl = NumberAttribute(null=True)


Item = TypeVar("Item", bound=TableItem)


def encode(item: TableItem) -> Row:
    """Raises: `ValueError` when a required attribute is missing."""
    return dict(item.serialize())


def decode(model: type[Item], row: Row) -> Item:
    return model.from_raw_data(row)


def row(model: type[TableItem], pk: str, sk: str, **given: Any) -> Row:
    """The item as `encode(model(pk, sk, **given))`, without building the model and without its defaults.

    Raises: `ValueError` for an attribute that the model does not have, or a required one that is missing.
    """
    encoded: Row = {"pk": {"S": pk}, "sk": {"S": sk}}
    writers = _writers(model)
    for name, value in given.items():
        if value is not None:
            attribute, tag, serialize = writers[name] if name in writers else _unknown(model, name)
            encoded[attribute] = {tag: serialize(value)}
    encoded["kind"] = {"S": _kind(model)}
    missing = _required(model) - encoded.keys()
    if missing:
        raise ValueError(f"{model.__name__} needs {', '.join(sorted(missing))}")
    return encoded


def values(model: type[TableItem], row: Mapping[str, Any]) -> dict[str, Any]:
    """Python values by the attribute names of the model's class; absent attributes are left out, unknown ones too.

    Numbers are `int` where whole, otherwise `float`; maps and lists are plain `dict` and `list`.
    """
    readers = _readers(model)
    return {readers[name][0]: readers[name][1](value) for name, value in row.items() if name in readers}


def plain(value: Mapping[str, Any]) -> Any:
    """One attribute value as a Python value; whole numbers as int."""
    ((tag, content),) = value.items()
    if tag == "S":
        return content
    if tag == "N":
        return int(content) if content.lstrip("-").isdigit() else float(content)
    if tag == "M":
        return {name: plain(inner) for name, inner in content.items()}
    if tag == "L":
        return [plain(inner) for inner in content]
    return None if tag == "NULL" else content


def key(pk: str, sk: str) -> Row:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def key_of(row: Mapping[str, Any]) -> Row:
    return {"pk": row["pk"], "sk": row["sk"]}


_Serialize = Callable[[Any], Any]


@lru_cache
def _writers(model: type[TableItem]) -> dict[str, tuple[str, str, _Serialize]]:
    """Attribute name, type tag and serialiser, by the attribute's name in the class."""
    return {
        name: (attribute.attr_name, attribute.attr_type, _serializer(attribute))
        for name, attribute in model.get_attributes().items()
    }


def _serializer(attribute: "Attribute[Any]") -> _Serialize:
    if isinstance(attribute, UnicodeAttribute):
        return _text
    return attribute.serialize


def _text(value: str) -> str:
    return value


def _unknown(model: type[TableItem], name: str) -> tuple[str, str, _Serialize]:
    raise ValueError(f"{model.__name__} has no attribute {name}")


@lru_cache
def _readers(model: type[TableItem]) -> dict[str, tuple[str, Callable[[Mapping[str, Any]], Any]]]:
    """Name in the class and reader, by attribute name."""
    return {
        attribute.attr_name: (name, _reader(attribute))
        for name, attribute in model.get_attributes().items()
        if not isinstance(attribute, DiscriminatorAttribute)
    }


def _reader(attribute: "Attribute[Any]") -> Callable[[Any], Any]:
    if isinstance(attribute, JSONAttribute):
        return lambda value: attribute.deserialize(value[attribute.attr_type])
    if isinstance(attribute, (UnicodeAttribute, NumberAttribute, MapAttribute, ListAttribute)):
        return plain
    return lambda value: attribute.deserialize(attribute.get_value(value))


@lru_cache
def _required(model: type[TableItem]) -> frozenset[str]:
    """Attributes without which an item of this kind is not written."""
    return frozenset(
        attribute.attr_name
        for attribute in model.get_attributes().values()
        if not attribute.null and attribute.default is None
    )


@lru_cache
def _kind(model: type[TableItem]) -> str:
    return str(model.get_attributes()["kind"].serialize(model))
