"""Temporary: names of the earlier gateway, until every room uses `sodate.dynamodb.table`."""

from sodate.dynamodb.table import Delete, Put, Update, Write, commit

__all__ = ["Delete", "Put", "Update", "Write", "commit", "put_new"]

put_new = Put.new
