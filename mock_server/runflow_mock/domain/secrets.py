"""Callback secrets: what signs the deliveries of an organization.

Theory. Of the enabled secrets one is current, and only that one signs. The first secret becomes current; a later one when it is
promoted, which demotes the other. Deleting the current secret promotes the newest enabled one that is left.

Source: `secrets.current-signs`, `secrets.shown-once`. Inferred: the first secret is current at once, deletion promotes the newest.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.identity import OrganizationId, SecretId
from runflow_mock.domain.principals import looks_real
from runflow_mock.domain.seeds import Seed

LABEL_MAX = 255
MATERIAL_MIN, MATERIAL_MAX = 8, 256


class CallbackSecret(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One signing secret; `material` is the whole string, prefix included, and is the HMAC key.

    `replaced_at` is when it ceased to be the current one, which the API does not tell.
    """

    id: SecretId
    org_id: OrganizationId
    material: str
    label: str | None
    is_current: bool
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None = None
    last_used_at: datetime | None = None
    replaced_at: datetime | None = None


def objection_to_material(material: str) -> str | None:
    """Returns why what somebody gives cannot be the material of a secret, or nothing when it can."""
    if not MATERIAL_MIN <= len(material) <= MATERIAL_MAX:
        return f"must have {MATERIAL_MIN} to {MATERIAL_MAX} characters"
    return "looks like a real Runflow key; use a dummy, such as rf_whsec_of_the_test" if looks_real(material) else None


def derive_material(prefix: str, seed: Seed, secret_id: SecretId) -> str:
    """Returns the material of a secret that nobody gave."""
    return prefix + seed.hex(48, "callback secret", secret_id)


class SecretCreated(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A secret was made."""

    secret: CallbackSecret


class SecretRenamed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A secret got another label, or none."""

    secret_id: SecretId
    at: datetime
    label: str | None


class SecretPromoted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A secret signs from now on."""

    secret_id: SecretId
    at: datetime


class SecretDemoted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A secret no longer signs but still exists."""

    secret_id: SecretId
    at: datetime


class SecretDeleted(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A secret was disabled for good."""

    secret_id: SecretId
    at: datetime


class SecretUsed(msgspec.Struct, frozen=True, gc=False, tag=True):
    """A secret has signed an attempt."""

    secret_id: SecretId
    at: datetime


SecretChanged = SecretRenamed | SecretPromoted | SecretDemoted | SecretDeleted | SecretUsed
SecretEvent = SecretCreated | SecretChanged


def evolve(secret: CallbackSecret, event: SecretChanged) -> CallbackSecret:
    """Returns the secret after the event."""
    # To be used is no change: `updated_at` stays.
    if isinstance(event, SecretUsed):
        return replace(secret, last_used_at=event.at)
    changed = replace(secret, updated_at=event.at)
    if isinstance(event, SecretRenamed):
        return replace(changed, label=event.label)
    if isinstance(event, SecretPromoted):
        return replace(changed, is_current=True)
    replaced_at = event.at if secret.is_current else secret.replaced_at
    disabled_at = event.at if isinstance(event, SecretDeleted) else secret.disabled_at
    return replace(changed, is_current=False, disabled_at=disabled_at, replaced_at=replaced_at)


def current_secret(secrets: Iterable[CallbackSecret]) -> CallbackSecret | None:
    """Returns the secret that signs, if there is one."""
    return next((secret for secret in secrets if secret.is_current), None)


def previous_secret(secrets: Iterable[CallbackSecret]) -> CallbackSecret | None:
    """Returns the secret that signed before the current one, disabled or not, if there was one."""
    replaced = ((secret.replaced_at, secret.id, secret) for secret in secrets if secret.replaced_at is not None and not secret.is_current)
    last = max(replaced, default=None)
    return None if last is None else last[2]


def promote(secrets: Iterable[CallbackSecret], chosen: SecretId, at: datetime) -> tuple[SecretEvent, ...]:
    """Returns the events by which `chosen` becomes the current secret."""
    demoted = tuple(SecretDemoted(secret.id, at) for secret in secrets if secret.is_current and secret.id != chosen)
    return (*demoted, SecretPromoted(chosen, at))


def successor(secrets: Iterable[CallbackSecret], leaving: SecretId) -> CallbackSecret | None:
    """Returns the newest enabled secret besides the one that leaves."""
    left = [secret for secret in secrets if secret.id != leaving and secret.disabled_at is None]
    return max(left, key=lambda secret: secret.id, default=None)
