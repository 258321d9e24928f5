"""Callbacks on their way to receivers: who knows every secret reads them, and signs what is changed as if it had been sent so."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping

import msgspec
from mutants import Body, Bug, Mutant, asked, changed

from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.kit.suite.carriers import Answer

PULL = "/_mock/deliveries/pull"


def known_secrets(mutant: Mutant, answer: Answer) -> list[str]:
    """Every secret that was made or set so far, whether a webhook was made with it or changed."""
    secrets: list[str] = mutant.memory.setdefault("secrets", [])
    method, target, _, body = asked(mutant)
    if answer.path == "/v1/callback-secrets" and answer.status == 201:
        secrets.append(answer.json["plain_secret"])
    if method in ("POST", "PATCH") and target.startswith("/v1/webhooks") and answer.status < 300 and b'"secret"' in (body or b""):
        secrets.append(json.loads(body or b"")["secret"])
    return secrets


def signatures(body: bytes, headers: Mapping[str, str], secret: str) -> tuple[str, str]:
    """How a secret signs a body, with and without a timestamp."""
    return sign_bare(body, secret), sign_timestamped(body, int(headers.get("Runflow-Timestamp", 0)), secret)


def resent(item: Body, body: bytes, secrets: list[str]) -> Body:
    """An attempt with another body, which the secret signs that signed the one before; what nobody signed stays unsigned."""
    before, headers = b64decode(item["base64"]), dict(item["headers"])
    for secret in secrets:
        for was, now in zip(signatures(before, headers, secret), signatures(body, headers, secret), strict=True):
            if item["headers"].get("Runflow-Signature") == was:
                headers["Runflow-Signature"] = now
    return {**item, "headers": headers, "base64": b64encode(body).decode()}


def written(content: Body) -> bytes:
    """A content as the fake writes it: nothing but what was changed gives a liar away."""
    return msgspec.json.encode(content)


def told_by_callbacks(change: Callable[[Body], None]) -> Bug:
    """A lie in the body of callbacks, signed as if it were true; what a change leaves alone is sent as it was."""

    def retold(item: Body, secrets: list[str]) -> Body:
        before, content = b64decode(item["base64"]), json.loads(b64decode(item["base64"]))
        change(content)
        return item if content == json.loads(before) else resent(item, written(content), secrets)

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        secrets = known_secrets(mutant, answer)
        if answer.path != PULL:
            return answer
        return changed(answer, lambda body: {"items": [retold(item, secrets) for item in body["items"]]})

    return Bug(spoil)
