"""What happens to callback secrets."""

from runflow_mock.domain.commands import CreateSecret, DeleteSecret, UpdateSecret
from runflow_mock.domain.errors import SecretIsCurrent
from runflow_mock.domain.events import Event
from runflow_mock.domain.identity import SecretId
from runflow_mock.domain.records import SECRETS
from runflow_mock.domain.secrets import (
    CallbackSecret,
    SecretCreated,
    SecretDeleted,
    SecretPromoted,
    SecretRenamed,
    current_secret,
    derive_material,
    promote,
    successor,
)
from runflow_mock.engine.moment import Moment


def create_secret(moment: Moment, command: CreateSecret) -> tuple[Event, ...]:
    """Makes a secret; it becomes current when there is no other."""
    store = moment.store
    moment.admit(SECRETS)
    secret_id = SecretId(moment.issue_id())
    secret = CallbackSecret(
        id=secret_id,
        org_id=moment.org_id,
        material=command.material or derive_material(command.prefix, moment.seed, secret_id),
        label=command.label,
        is_current=current_secret(store.secrets.values()) is None,
        created_at=moment.now,
        updated_at=moment.now,
    )
    return (SecretCreated(secret),)


def update_secret(moment: Moment, command: UpdateSecret) -> tuple[Event, ...]:
    """Renames a secret, promotes it, or both."""
    secret = moment.store.secret(command.secret_id)
    if command.is_current is False and secret.is_current:
        raise SecretIsCurrent(secret.id)
    renamed: tuple[Event, ...] = (SecretRenamed(secret.id, moment.now, command.label),) if command.renames else ()
    promotes = command.is_current and not secret.is_current
    return (*renamed, *(promote(moment.store.secrets.values(), secret.id, moment.now) if promotes else ()))


def delete_secret(moment: Moment, command: DeleteSecret) -> tuple[Event, ...]:
    """Disables a secret; when it was the current one, the newest enabled one takes over."""
    secret = moment.store.secret(command.secret_id)
    deleted = SecretDeleted(secret.id, moment.now)
    heir = successor(moment.store.secrets.values(), secret.id) if secret.is_current else None
    return (deleted,) if heir is None else (deleted, SecretPromoted(heir.id, moment.now))
