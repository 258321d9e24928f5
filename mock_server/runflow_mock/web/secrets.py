"""Callback secrets: create, list, read, change, delete."""

from typing import cast

from runflow_mock.domain.commands import DeleteSecret
from runflow_mock.domain.identity import SecretId
from runflow_mock.domain.secrets import SecretCreated
from runflow_mock.web.calls import Answer, Call, Handler, answer, no_content
from runflow_mock.web.lists import answer_list
from runflow_mock.web.routing import Operation
from runflow_mock.wire.secrets import SECRET_FIELDS, decode_create_secret, decode_update_secret, represent_secret, reveal_secret


def create_callback_secret(call: Call) -> Answer:
    """POST /v1/callback-secrets: the only answer that shows the material."""
    outcome = call.execute(decode_create_secret(call.read_optional_body(), call.caller.dialect))
    return answer(reveal_secret(cast(SecretCreated, outcome.events[0]).secret), 201)


def list_callback_secrets(call: Call) -> Answer:
    """GET /v1/callback-secrets"""
    enabled = [secret for secret in call.store.secrets.values() if secret.disabled_at is None]
    return answer_list(call, enabled, SECRET_FIELDS, represent_secret)


def get_callback_secret(call: Call) -> Answer:
    """GET /v1/callback-secrets/{id}"""
    return answer(represent_secret(call.store.secret(call.uuid("id"))))


def update_callback_secret(call: Call) -> Answer:
    """PATCH /v1/callback-secrets/{id}"""
    secret_id = call.uuid("id")
    call.store.secret(secret_id)
    call.execute(decode_update_secret(call.read_body(), secret_id))
    return answer(represent_secret(call.store.secret(secret_id)))


def delete_callback_secret(call: Call) -> Answer:
    """DELETE /v1/callback-secrets/{id}"""
    call.execute(DeleteSecret(SecretId(call.uuid("id"))))
    return no_content()


_COLLECTION, _ONE = "/v1/callback-secrets", "/v1/callback-secrets/{id}"

OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("POST", _COLLECTION, create_callback_secret, scope="callback-secrets:create"),
    Operation("GET", _COLLECTION, list_callback_secrets, scope="callback-secrets:read", evidence="inferred"),
    Operation("GET", _ONE, get_callback_secret, scope="callback-secrets:read"),
    Operation("PATCH", _ONE, update_callback_secret, scope="callback-secrets:edit"),
    Operation("DELETE", _ONE, delete_callback_secret, scope="callback-secrets:delete", evidence="named"),
)
