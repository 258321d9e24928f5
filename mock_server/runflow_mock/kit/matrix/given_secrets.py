"""Given secrets: what a client has told the fake to sign with, which neither journal nor snapshot shows once something else signs."""

from runflow_mock.domain.commands import CreateWebhook, UpdateWebhook
from runflow_mock.runtime.runtime import Runtime


def given_secrets(runtime: Runtime, tenant: str) -> tuple[str, ...]:
    """Returns each secret that the webhooks of a tenant were given, replaced ones among them, as far back as its history goes."""
    found = runtime.tenants.get(tenant)
    commands = () if found is None else (entry.command for entry in found.world.history)
    given = (command.secret for command in commands if isinstance(command, CreateWebhook | UpdateWebhook))
    return tuple(dict.fromkeys(secret for secret in given if secret is not None))
