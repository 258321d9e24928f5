"""Redactions: commands, events and records as a history shows them, without secrets.

A secret that follows from the seed is marked so, and whoever replays the history finds it again; one that the user gave is left out: the
user has it.
"""

from collections.abc import Callable, Mapping
from typing import cast

from msgspec.structs import replace

from runflow_mock.domain.commands import Command, CreateSecret, CreateWebhook, RememberAnswer, UpdateWebhook
from runflow_mock.domain.events import Event
from runflow_mock.domain.exchanges import REDACTED
from runflow_mock.domain.idempotency import AnswerRemembered, Remembered
from runflow_mock.domain.records import PlainRecord, RecordChanged, RecordCreated, RecordDeleted, RecordEvent
from runflow_mock.domain.secrets import CallbackSecret, SecretCreated, derive_material
from runflow_mock.domain.seeds import Seed
from runflow_mock.domain.snapshots import Snapshot
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.domain.webhooks import Webhook

_FROM_SEED = "[from the seed] "


def redact_command(command: Command | None) -> Command | None:
    """Returns a command without the secrets that were given with it."""
    redact = _COMMANDS.get(type(command))
    return command if redact is None or command is None else redact(command)


def redact_event(event: Event) -> Event:
    """Returns an event without secrets."""
    redact = _EVENTS.get(type(event))
    return event if redact is None else redact(event)


def redact_settings(settings: TenantSettings) -> TenantSettings:
    """Returns settings without the secret that was given with them."""
    return settings if settings.callback_secret is None else replace(settings, callback_secret=REDACTED)


def redact_snapshot(snapshot: Snapshot) -> Snapshot:
    """Returns a world without secrets, from which one that follows from the seed can be found again."""
    seed = Seed.from_text(snapshot.settings.seed)
    return replace(
        snapshot,
        settings=redact_settings(snapshot.settings),
        secrets=tuple(_marked(secret, seed) for secret in snapshot.secrets),
        webhooks=tuple(replace(webhook, secret=REDACTED) for webhook in snapshot.webhooks),
        remembered=tuple(_without_body(remembered) for remembered in snapshot.remembered),
    )


def recover_secrets(snapshot: Snapshot) -> Snapshot:
    """Returns a redacted world with the secrets that follow from its seed."""
    seed = Seed.from_text(snapshot.settings.seed)
    return replace(snapshot, secrets=tuple(_recovered(secret, seed) for secret in snapshot.secrets))


def _marked(secret: CallbackSecret, seed: Seed) -> CallbackSecret:
    prefix = secret.material[: -len(derive_material("", seed, secret.id))]
    is_derived = secret.material == derive_material(prefix, seed, secret.id)
    return replace(secret, material=_FROM_SEED + prefix if is_derived else REDACTED)


def _recovered(secret: CallbackSecret, seed: Seed) -> CallbackSecret:
    if not secret.material.startswith(_FROM_SEED):
        return secret
    return replace(secret, material=derive_material(secret.material.removeprefix(_FROM_SEED), seed, secret.id))


def _without_body(remembered: Remembered) -> Remembered:
    # The answer that created a secret shows it.
    return replace(remembered, body=REDACTED.encode())


def _create_secret(command: CreateSecret) -> Command:
    return command if command.material is None else replace(command, material=REDACTED)


def _secret_given(command: CreateWebhook | UpdateWebhook) -> Command:
    return command if command.secret is None else replace(command, secret=REDACTED)


def _record(event: RecordEvent) -> RecordEvent:
    redact = _RECORDS.get(type(event.record))
    return event if redact is None else replace(event, record=redact(event.record))


# Plain records that hold a secret.
_RECORDS: Mapping[type, Callable[[PlainRecord], PlainRecord]] = {Webhook: lambda webhook: replace(webhook, secret=REDACTED)}
_COMMANDS = cast(
    Mapping[type, Callable[[Command], Command]],
    {
        CreateSecret: _create_secret,
        CreateWebhook: _secret_given,
        UpdateWebhook: _secret_given,
        RememberAnswer: lambda command: RememberAnswer(_without_body(command.remembered)),
    },
)
_EVENTS = cast(
    Mapping[type, Callable[[Event], Event]],
    {
        SecretCreated: lambda event: SecretCreated(replace(event.secret, material=REDACTED)),
        **dict.fromkeys((RecordCreated, RecordChanged, RecordDeleted), _record),
        AnswerRemembered: lambda event: AnswerRemembered(_without_body(event.remembered)),
    },
)
