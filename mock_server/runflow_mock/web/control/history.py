"""The history: commands and events of a world in order. Secrets are left out: they follow from the seed, or the user has them."""

from msgspec.structs import replace

from runflow_mock.domain.commands import Command, CreateSecret, CreateWebhook, RememberAnswer, UpdateWebhook
from runflow_mock.domain.events import Event
from runflow_mock.domain.exchanges import REDACTED
from runflow_mock.domain.idempotency import AnswerRemembered, Remembered
from runflow_mock.domain.secrets import SecretCreated
from runflow_mock.domain.webhooks import WebhookChanged, WebhookCreated
from runflow_mock.engine.history import Entry
from runflow_mock.web.calls import Answer, Call, answer
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.routing import Operation
from runflow_mock.wire.times import write_instant


async def get_history(call: Call) -> Answer:
    """GET /_mock/history: the commits of the world, in order."""
    tenant = tenant_of(call)
    call.runtime.settle(tenant)
    world = tenant.world
    return answer(
        {
            "seed": world.settings.seed,
            "started_at": write_instant(world.started_at),
            "now": write_instant(world.now),
            "forgotten": world.history.forgotten,
            "entries": [_represent(entry) for entry in world.history],
        }
    )


def _represent(entry: Entry) -> dict[str, object]:
    return {
        "at": write_instant(entry.at),
        "command": _as_asked(entry.command),
        "events": [_without_secret(event) for event in entry.events],
    }


def _as_asked(command: Command | None) -> Command | None:
    if isinstance(command, CreateSecret) and command.material is not None:
        return replace(command, material=REDACTED)
    if isinstance(command, CreateWebhook | UpdateWebhook) and command.secret is not None:
        return replace(command, secret=REDACTED)
    if isinstance(command, RememberAnswer):
        return RememberAnswer(_without_body(command.remembered))
    return command


def _without_secret(event: Event) -> Event:
    if isinstance(event, SecretCreated):
        return SecretCreated(replace(event.secret, material=REDACTED))
    if isinstance(event, WebhookCreated):
        return WebhookCreated(replace(event.webhook, secret=REDACTED))
    if isinstance(event, WebhookChanged):
        return replace(event, secret=REDACTED)
    if isinstance(event, AnswerRemembered):
        return AnswerRemembered(_without_body(event.remembered))
    return event


def _without_body(remembered: Remembered) -> Remembered:
    # The answer that created a secret shows it.
    return replace(remembered, body=REDACTED.encode())


OPERATIONS: tuple[Operation[ControlHandler], ...] = (Operation(id="get_history", method="GET", path="/_mock/history", handler=get_history),)
