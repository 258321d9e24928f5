"""Callback secrets on the wire. The material leaves the fake once, in the answer that creates it.

Source: `secrets.create` (`secret` and `plain_secret`, both), `secrets.record`.
"""

from typing import cast

from runflow_mock.domain.commands import CreateSecret, UpdateSecret
from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.documents import Json
from runflow_mock.domain.filters import Field
from runflow_mock.domain.identity import SecretId
from runflow_mock.domain.secrets import LABEL_MAX, CallbackSecret
from runflow_mock.wire.fields import Checker
from runflow_mock.wire.listing import flag_fields, text_field, text_fields, time_fields
from runflow_mock.wire.times import write_instant, write_optional

PREFIX_CHARACTERS = 12

_LABEL: Json = {"type": ["string", "null"], "maxLength": LABEL_MAX}
_create = Checker({"type": "object", "properties": {"label": _LABEL}})
_update = Checker({"type": "object", "properties": {"label": _LABEL, "is_current": {"type": ["boolean", "null"]}}})


def decode_create_secret(body: dict[str, Json], dialect: Dialect) -> CreateSecret:
    """Returns the command in a body, or raises a 422."""
    _create.check(body)
    return CreateSecret(label=cast("str | None", body.get("label")), prefix=dialect.secret_prefix)


def decode_update_secret(body: dict[str, Json], secret_id: str) -> UpdateSecret:
    """Returns the command in a body, or raises a 422."""
    _update.check(body)
    return UpdateSecret(
        secret_id=SecretId(secret_id),
        renames="label" in body,
        label=cast("str | None", body.get("label")),
        is_current=cast("bool | None", body.get("is_current")),
    )


def represent_secret(secret: CallbackSecret) -> dict[str, object]:
    """Returns a secret without its material."""
    return {
        "id": secret.id,
        "org_id": secret.org_id,
        "key_prefix": secret.material[:PREFIX_CHARACTERS],
        "is_current": secret.is_current,
        "label": secret.label,
        "disabled_at": write_optional(secret.disabled_at),
        "last_used_at": write_optional(secret.last_used_at),
        "created_at": write_instant(secret.created_at),
        "updated_at": write_instant(secret.updated_at),
    }


def reveal_secret(secret: CallbackSecret) -> dict[str, object]:
    """Returns a new secret with its material."""
    return {**represent_secret(secret), "secret": secret.material, "plain_secret": secret.material}


SECRET_FIELDS: dict[str, Field[CallbackSecret]] = {
    **text_fields("id", "label"),
    **flag_fields("is_current"),
    **time_fields("created_at", "updated_at", "last_used_at"),
    "key_prefix": text_field(lambda secret: secret.material[:PREFIX_CHARACTERS]),
}
