"""The erasure ledger outlives the table: versioned, locked longer than the table can be restored, and nobody's role
may delete in it.
"""

import json
from typing import Any

import pytest

from tests.infra.conftest import Stack

RESTORABLE_DAYS = 35


def ledger(stack: Stack) -> tuple[str, dict[str, Any]]:
    (found,) = [
        (logical_id, properties)
        for logical_id, properties in stack.all("AWS::S3::Bucket").items()
        if f"sodate-{stack.name}-erasures-" in json.dumps(properties["BucketName"])
    ]
    return found


def test_the_ledger_is_a_bucket_of_the_stateful_stack_and_not_in_the_table(stack: Stack) -> None:
    logical_id, bucket = ledger(stack)
    assert logical_id in stack.stateful["Resources"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]


def test_where_data_is_kept_an_entry_is_locked_longer_than_the_table_can_be_restored(prod_stack: Stack) -> None:
    logical_id, bucket = ledger(prod_stack)
    assert bucket["ObjectLockEnabled"] is True
    rule = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert rule["Mode"] == "GOVERNANCE"
    assert rule["Days"] > RESTORABLE_DAYS
    assert prod_stack.resource(logical_id)["DeletionPolicy"] != "Delete"


@pytest.mark.parametrize("part", ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:*"])
def test_no_function_may_delete_from_the_ledger(stack: Stack, part: str) -> None:
    for role_id in stack.all("AWS::IAM::Role"):
        for statement in stack.statements_of(role_id):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            # Raw email and import files that name an erased lead go; what says that it was erased stays.
            others = ("-replies-", "-imports-")
            assert part not in actions or any(name in str(statement["Resource"]) for name in others)
            assert part not in actions or "-erasures-" not in str(statement["Resource"])
