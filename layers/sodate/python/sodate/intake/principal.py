"""Callers that IAM has authorized: a role or user of the account is what an API token is on the other routes. Pure.

Which routes it may call is IAM's own decision (`execute-api:Invoke`), so that nothing is stored for it here.
"""

import hashlib
import re
from datetime import datetime, timedelta

from sodate.errors import NotAllowed, NotIdentified
from sodate.intake.token import ApiToken, Scope

#: Requests a minute of one principal.
PER_MINUTE = 60
#: Begin of the sources of principals. No API token has such a source, so no role takes another system's ids.
SOURCES = "iam-"
#: ARNs of sessions have no path of the role; those of users have one.
_ROLE = re.compile(r"arn:[a-z-]+:sts::(\d{12}):assumed-role/([\w+=,.@-]{1,64})/.+")
_USER = re.compile(r"arn:[a-z-]+:iam::(\d{12}):user/(?:.+/)?([\w+=,.@-]{1,64})")
_NO_PART_OF_A_SOURCE = re.compile(r"[^a-z0-9]+")


def token_of(arn: str, scope: Scope, now: datetime) -> ApiToken:
    """The token that stands for a principal, in logs and ceilings; every session of a role has the same.

    `arn`: as API Gateway names the caller. The source, whose ids it sends, is `iam-` and the name of the role or user
    in lower-case letters, digits and hyphens.

    Raises: `NotIdentified` without a principal; `NotAllowed` for one that is neither a role nor a user.
    """
    if not arn:
        raise NotIdentified("sign the request with Signature Version 4 for the service execute-api")
    match, what = _ROLE.fullmatch(arn), "role"
    if match is None:
        match, what = _USER.fullmatch(arn), "user"
    if match is None:
        raise NotAllowed("call as a role or a user of the account")
    name = _NO_PART_OF_A_SOURCE.sub("-", match[2].lower()).strip("-")
    if not name:
        raise NotAllowed(f"{what} {match[2]} cannot be a source; call as one with another name")
    # The name of a user may be that of a person: keys have a hash of it.
    number = hashlib.sha256(f"{match[1]}:{what}/{match[2]}".encode()).hexdigest()[:24]
    return ApiToken(
        id=f"iam-{number}",
        name=f"{what}/{match[2]}",
        source=f"{SOURCES}{name}"[:60].rstrip("-"),
        scopes=(scope,),
        secret_hash="",
        per_minute=PER_MINUTE,
        created=now,
        expires=now + timedelta(minutes=1),
    )
