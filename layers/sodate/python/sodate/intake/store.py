"""Items of the intake: API tokens with their requests per minute, and the ids that other systems gave to activities."""

from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute

from sodate.activities.activity import Activity
from sodate.activities.store import activity_item
from sodate.dynamodb import company_keys, keys, table
from sodate.dynamodb.item import TableItem
from sodate.dynamodb.table import ConditionFailed, Put, Write
from sodate.errors import NotFound
from sodate.intake.token import ApiToken, Scope
from sodate.leads.existence import still_exists
from sodate.messages import Message

_WINDOW_KEPT = timedelta(hours=1)
#: How long a repeat of an id is recognised.
RECEIPT_KEPT = timedelta(days=400)


class ApiTokenItem(TableItem, discriminator="apitoken"):
    name = UnicodeAttribute()
    source = UnicodeAttribute()
    scopes: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute)
    secret_hash = UnicodeAttribute()
    per_minute = NumberAttribute()
    created = UnicodeAttribute()
    expires = UnicodeAttribute()
    revoked = UnicodeAttribute(null=True)


class TokenWindowItem(TableItem, discriminator="tokenwindow"):
    """Requests of one token in one minute."""

    requests = NumberAttribute()


class GivenIdItem(TableItem, discriminator="givenid"):
    """In the partition of the lead: an id that another system gave to one of its activities."""


def put_token(token: ApiToken) -> None:
    table.put_new(
        ApiTokenItem(
            company_keys.API_TOKENS,
            token.id,
            name=token.name,
            source=token.source,
            scopes=[scope.value for scope in token.scopes],
            secret_hash=token.secret_hash,
            per_minute=token.per_minute,
            created=keys.stamp(token.created),
            expires=keys.stamp(token.expires),
        )
    )


def find_token(token_id: str) -> ApiToken | None:
    """Strongly consistent: a revoked token ends at once."""
    item = table.find(ApiTokenItem, company_keys.API_TOKENS, token_id)
    return _token(item) if item else None


def tokens() -> list[ApiToken]:
    return sorted(map(_token, table.query(ApiTokenItem, company_keys.API_TOKENS)), key=lambda one: one.created)


def revoke_token(token_id: str, now: datetime) -> bool:
    """Returns whether it was active. Raises: `NotFound`."""
    item = ApiTokenItem(company_keys.API_TOKENS, token_id)
    active = ApiTokenItem.pk.exists() & ApiTokenItem.revoked.does_not_exist()
    try:
        table.update(item, [ApiTokenItem.revoked.set(keys.stamp(now))], active)
    except ConditionFailed as error:
        if find_token(token_id) is None:
            raise NotFound(
                Message("there is no token {token}; `sodate token list` shows them", token=token_id[:40])
            ) from error
        return False
    return True


def count_request(token: ApiToken, now: datetime) -> bool:
    """Count one request; False when the minute has as many as the token may make."""
    item = TokenWindowItem(*company_keys.rate_window(token.id, keys.minute(now)))
    actions = [
        TokenWindowItem.requests.add(1),
        TokenWindowItem.kind.set(TokenWindowItem),
        TokenWindowItem.ttl.set(int((now + _WINDOW_KEPT).timestamp())),
    ]
    has_room = TokenWindowItem.requests.does_not_exist() | (TokenWindowItem.requests < token.per_minute)
    try:
        table.update(item, actions, has_room)
    except ConditionFailed:
        return False
    return True


def log_activity(activity: Activity, given_id: str | None, now: datetime) -> bool:
    """Whether it is new. With a `given_id`, another time or content is a repeat too.

    Raises: `NotFound` when the lead was erased meanwhile.
    """
    lead_exists = still_exists(activity.lead_id)
    writes: list[Write]
    if given_id is None:
        writes = [lead_exists, Put.new(activity_item(activity))]
    else:
        receipt = GivenIdItem(keys.lead(activity.lead_id), company_keys.given_id(given_id))
        receipt.ttl = int((now + RECEIPT_KEPT).timestamp())
        writes = [lead_exists, Put.new(receipt), Put(activity_item(activity))]
    try:
        table.commit(writes)
    except ConditionFailed as error:
        if 0 in error.failed:
            raise NotFound(Message("the lead was erased meanwhile; leave it out")) from error
        return False
    return True


def _token(item: ApiTokenItem) -> ApiToken:
    return ApiToken(
        id=item.sk,
        name=item.name,
        source=item.source,
        scopes=tuple(Scope(scope) for scope in item.scopes if scope in list(Scope)),
        secret_hash=item.secret_hash,
        per_minute=int(item.per_minute),
        created=datetime.fromisoformat(item.created),
        expires=datetime.fromisoformat(item.expires),
        revoked=datetime.fromisoformat(item.revoked) if item.revoked else None,
    )
