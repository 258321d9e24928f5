"""What happens to organization webhooks themselves; what they are sent is in `engine.deliveries`."""

from msgspec.structs import replace

from runflow_mock.domain.commands import CreateWebhook, DeleteWebhook, UpdateWebhook
from runflow_mock.domain.events import Event
from runflow_mock.domain.identity import WebhookId
from runflow_mock.domain.records import WEBHOOKS, RecordChanged, RecordCreated, RecordDeleted
from runflow_mock.domain.webhooks import Webhook
from runflow_mock.engine.moment import Moment


def create_webhook(moment: Moment, command: CreateWebhook) -> tuple[Event, ...]:
    """Makes a webhook."""
    moment.admit(WEBHOOKS)
    webhook = Webhook(
        id=WebhookId(moment.issue_id()),
        org_id=moment.org_id,
        url=command.url,
        secret=command.secret,
        event_types=command.event_types,
        created_at=moment.now,
        updated_at=moment.now,
    )
    return (RecordCreated(webhook),)


def update_webhook(moment: Moment, command: UpdateWebhook) -> tuple[Event, ...]:
    """Changes what the caller gives, unless the record has changed since the caller read it."""
    webhook = moment.store.webhook(command.webhook_id)
    moment.check_unchanged("webhook", webhook.updated_at, command.updated_at)
    changed = replace(
        webhook,
        updated_at=moment.now,
        url=webhook.url if command.url is None else command.url,
        secret=webhook.secret if command.secret is None else command.secret,
        event_types=webhook.event_types if command.event_types is None else command.event_types,
        disabled_at=command.disabled_at if command.switches else webhook.disabled_at,
    )
    return (RecordChanged(changed),)


def delete_webhook(moment: Moment, command: DeleteWebhook) -> tuple[Event, ...]:
    """Takes a webhook out of every list."""
    webhook = moment.store.webhook(command.webhook_id)
    return (RecordDeleted(replace(webhook, updated_at=moment.now, deleted_at=moment.now)),)
