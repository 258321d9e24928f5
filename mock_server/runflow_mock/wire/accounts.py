"""The account on the wire: who a key belongs to.

Source: `account.me`. The user of a sandbox is invented: its address ends in `.invalid` and can reach nobody.
"""

from collections.abc import Sequence
from datetime import datetime

from runflow_mock.domain.identity import UserId
from runflow_mock.domain.principals import Principal
from runflow_mock.wire.problems import invalid_field
from runflow_mock.wire.times import write_instant

EMBEDS = ("memberships", "organizations", "pending_invitations")


def decode_embed(text: str | None, known: Sequence[str]) -> frozenset[str]:
    """Returns the relations that a reader wants embedded, or raises a 422 for an unknown one."""
    names = frozenset(name.strip() for name in (text or "").split(",") if name.strip())
    unknown = sorted(names - frozenset(known))
    if unknown:
        raise invalid_field(("query", "embed"), f"unknown relation {unknown[0][:80]!r}; known are {', '.join(known)}")
    return names


def represent_user(user_id: UserId, tenant: str) -> dict[str, object]:
    """Returns the user of a sandbox as records embed their creator."""
    return {
        "id": user_id,
        "email": f"{tenant}@runflow-mock.invalid",
        "first_name": "Sandbox",
        "last_name": tenant,
        "avatar_url": None,
    }


def represent_account(principal: Principal, tenant: str, embed: frozenset[str], since: datetime) -> dict[str, object]:
    """Returns the user behind a key."""
    organization = {"id": principal.org_id, "name": f"Sandbox {tenant}", "slug": tenant, "plan_code": "sandbox"}
    membership = {"org": organization, "role_code": "owner", "scopes": sorted(principal.scopes)}
    return {
        **represent_user(principal.user_id, tenant),
        "timezone": "UTC",
        "locale_code": "en",
        "email_verified_at": write_instant(since),
        "memberships": [membership],
        **({"organizations": [organization]} if "organizations" in embed else {}),
        **({"pending_invitations": []} if "pending_invitations" in embed else {}),
    }
