"""Attempts to reach a webhook, as the contract has them also while nobody has answered."""

import msgspec
from contract import document
from jsonschema import Draft202012Validator
from records import a_delivery, an_attempt

from runflow_mock.wire.webhooks import WebhookAttempt, represent_webhook_attempt


def test_attempt_that_is_under_way_has_not_succeeded() -> None:
    entry = WebhookAttempt(a_delivery(), an_attempt())
    told = msgspec.json.decode(msgspec.json.encode(represent_webhook_attempt(entry)))
    assert (told["succeeded"], told["status_code"], told["response_body"]) == (False, None, None)
    schema = document()["components"]["schemas"]["WebhookAttempt"]
    Draft202012Validator({**document(), **schema}).validate(told)
