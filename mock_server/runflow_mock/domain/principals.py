"""Principals: who is asking, and what a key may do.

Source: `auth.scopes` (the scope strings seen), `auth.key-prefixes`. Inferred: which route asks for which scope.
"""

from collections.abc import Iterable

import msgspec

from runflow_mock.domain.identity import OrganizationId, UserId

KEY_PREFIX = "rf_live_mock_"
ADMIN_KEY_PREFIX = "rf_svc_mock_"
SANDBOX = "sandbox"
REAL_PREFIXES = ("rf_live_", "rf_svc_", "rfk_")

ADMIN = "admin"
CUSTOMER_SCOPES = (
    "runs:create",
    "runs:read",
    "runs:execute",
    "assets:create",
    "assets:read",
    "assets:edit",
    "assets:delete",
    "comfyui-workflows:create",
    "comfyui-workflows:read",
    "comfyui-workflows:edit",
    "comfyui-workflows:delete",
    "evaluations:create",
    "evaluations:read",
    "evaluations:edit",
    "models:read",
    "flows:read",
    "solutions:read",
    "webhooks:create",
    "webhooks:read",
    "webhooks:edit",
    "webhooks:delete",
    "callback-secrets:create",
    "callback-secrets:read",
    "callback-secrets:edit",
    "callback-secrets:delete",
    "credit_balance:read",
    "credit_balance:edit",
)
SCOPES = (*CUSTOMER_SCOPES, ADMIN)

# A key that may start work may also say so in the older word, and the other way round.
_SUFFICIENT = {"runs:create": ("runs:execute",), "runs:execute": ("runs:create",)}


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A key at work: its name within the tenant, its organization and user, and its scopes."""

    key: str
    name: str
    org_id: OrganizationId
    user_id: UserId
    scopes: frozenset[str]


def allows(scopes: Iterable[str], wanted: str) -> bool:
    """Tells whether a set of scopes covers the wanted one."""
    held = frozenset(scopes)
    return wanted in held or ADMIN in held or any(other in held for other in _SUFFICIENT.get(wanted, ()))


def looks_real(key: str) -> bool:
    """Tells whether a key is of the form that the real service gives out: such a key is never taken, kept or shown, whatever its case.

    The fake's own are in lower case: in another one they would mean nothing, and may be somebody's.
    """
    return key.lower().startswith(REAL_PREFIXES) and not key.startswith((KEY_PREFIX, ADMIN_KEY_PREFIX))
