"""Temporary: names of the earlier gateway, until every room uses `sodate.dynamodb.table`."""

from sodate.dynamodb.item import Item, TableItem
from sodate.dynamodb.table import ConditionFailed, Contention, find, put, put_new, query, scan, update

__all__ = ["ConditionFailed", "Contention", "Item", "TableItem", "find", "put", "put_new", "query", "scan", "update"]
