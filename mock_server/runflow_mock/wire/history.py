"""The history on the wire: everything that replays a world, in one JSON document without secrets."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import chain, repeat

import msgspec
from msgspec.structs import replace

from runflow_mock.decoders import json_decoder
from runflow_mock.domain.commands import Command, CreateSecret, CreateWebhook, UpdateWebhook
from runflow_mock.domain.documents import NOT_JSON
from runflow_mock.domain.events import Event
from runflow_mock.domain.exchanges import REDACTED
from runflow_mock.domain.models import Catalog
from runflow_mock.domain.objections import objections
from runflow_mock.domain.scrubbing import Scrubber
from runflow_mock.domain.snapshots import Snapshot
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.version import __version__
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.document_parts import LEVELS, written_parts
from runflow_mock.wire.redactions import recover_secrets, redact_command, redact_event, redact_settings, redact_snapshot
from runflow_mock.wire.seals import Form, Unreadable, check_seal, seal
from runflow_mock.wire.tenants import check_settings
from runflow_mock.wire.times import write_instant

HISTORY = Form("history", 1, "GET /_mock/history")


class SavedEntry(msgspec.Struct, frozen=True):
    """One commit: the command to carry out, or nothing for a timer, and the events as they were shown."""

    at: datetime
    command: Command | None
    events: tuple[msgspec.Raw, ...]


class SavedHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What replays a world: its settings and start, or the base on which the first entry stands, and the entries until `now`."""

    made_by: str
    catalog: str
    settings: TenantSettings
    started_at: datetime
    now: datetime
    forgotten: int
    base: Snapshot | None
    entries: tuple[SavedEntry, ...]


class GivenSecrets(msgspec.Struct, frozen=True):
    """What no history holds: the callback secret that was registered beforehand, and those of webhooks in the order of their use."""

    callback: str | None = None
    webhooks: tuple[str, ...] = ()


def represent_history(
    settings: TenantSettings,
    catalog: Catalog,
    entries: Iterable[tuple[datetime, Command | None, Sequence[Event]]],
    *,
    started_at: datetime,
    now: datetime,
    forgotten: int,
    base: Snapshot | None,
    scrubber: Scrubber | None = None,
) -> bytes:
    """Returns the document of a history; `base` is the world before its first entry, where that is not the beginning.

    What looks like a secret in what clients and rules said is masked: a replay does with the masks what the world did with the secrets.
    """
    content: dict[str, object] = {
        "made_by": f"runflow-mock {__version__}",
        "catalog": fingerprint(catalog),
        "seed": settings.seed,
        "started_at": write_instant(started_at),
        "now": write_instant(now),
        "forgotten": forgotten,
        "settings": redact_settings(settings),
        "base": None if base is None else redact_snapshot(base),
        "entries": (
            {"at": write_instant(at), "command": redact_command(command), "events": [redact_event(event) for event in events]}
            for at, command, events in entries
        ),
    }
    if scrubber is not None:
        content = {name: msgspec.Raw(b"".join(map(scrubber.scrub, written_parts(part, LEVELS - 1)))) for name, part in content.items()}
    return seal(HISTORY, content)


def decode_history(raw: bytes) -> SavedHistory:
    """Returns the history in a document.

    Raises:
        Unreadable: it cannot be replayed; the message says why.
    """
    check_seal(raw, HISTORY)
    try:
        history = json_decoder(SavedHistory).decode(raw)
        check_settings(replace(history.settings, callback_secret=None))
    except (*NOT_JSON, ControlError) as error:
        raise Unreadable(f"the history cannot be replayed: {error}") from None
    found = [] if history.base is None else objections(history.base)
    if found:
        raise Unreadable(f"the base of the history contradicts itself: {found[0]}")
    return history


def with_secrets(history: SavedHistory, given: GivenSecrets) -> SavedHistory:
    """Returns the history with the secrets that follow from its seed, and those that are given; others stay redacted.

    The last one given for webhooks serves all that come after.
    """
    webhooks = chain(given.webhooks, repeat(given.webhooks[-1] if given.webhooks else REDACTED))
    settings = history.settings
    if settings.callback_secret is not None:
        settings = replace(settings, callback_secret=given.callback or REDACTED)
    base = None if history.base is None else _base_with_secrets(history.base, settings, webhooks)
    entries = tuple(replace(entry, command=_command_with_secret(entry.command, settings, webhooks)) for entry in history.entries)
    return replace(history, settings=settings, base=base, entries=entries)


def fingerprint(catalog: Catalog) -> str:
    """Returns what tells catalogs apart: the same commands lead to something else under another one."""
    return sha256(msgspec.json.encode(catalog.models)).hexdigest()[:16]


def represent_event(event: Event) -> object:
    """Returns an event as a history shows it, as plain JSON."""
    return msgspec.json.decode(msgspec.json.encode(redact_event(event)))


def _base_with_secrets(base: Snapshot, settings: TenantSettings, webhooks: Iterator[str]) -> Snapshot:
    recovered = recover_secrets(base)
    material = settings.callback_secret or REDACTED
    secrets = tuple(replace(secret, material=material) if secret.material == REDACTED else secret for secret in recovered.secrets)
    hooks = tuple(replace(webhook, secret=next(webhooks)) for webhook in recovered.webhooks)
    return replace(recovered, settings=settings, secrets=secrets, webhooks=hooks)


def _command_with_secret(command: Command | None, settings: TenantSettings, webhooks: Iterator[str]) -> Command | None:
    if isinstance(command, CreateSecret) and command.material is not None:
        return replace(command, material=settings.callback_secret)
    if isinstance(command, CreateWebhook | UpdateWebhook) and command.secret is not None:
        return replace(command, secret=next(webhooks))
    return command
