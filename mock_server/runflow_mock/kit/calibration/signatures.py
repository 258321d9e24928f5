"""Signatures: which of the two recipes made one, and its form without its digits."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from runflow_mock.domain.exchanges import REDACTED
from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.kit.calibration.captures import SIGNATURE, TIMESTAMP, Capture

NEITHER = "neither"

_DIGEST = re.compile(r"(?<![0-9a-zA-Z])[0-9a-f]{64}(?![0-9a-zA-Z])", re.IGNORECASE)
_PART = re.compile(r"(?:(v[0-9]|ts?|s|sha[0-9]{1,3}|hmac-sha[0-9]{1,3})=)?(.*)", re.IGNORECASE | re.DOTALL)
_SECONDS = re.compile(r"[0-9]{1,15}")
_MASKED = re.compile(r"\[[0-9]{1,9} (hex|characters)\]")


class Proof(NamedTuple):
    """What the secrets at hand prove: the recipe, and the secret that fits; or that none does."""

    recipe: str
    secret: str | None


def recipe_of(capture: Capture, secrets: Sequence[str], hints: Sequence[str] = ()) -> Proof | None:
    """Returns what can be proven about the signature of a callback, or nothing where there is no signature or no secret.

    Both recipes are tried whatever the form of the header: a service may write one and sign the other. That a hint does not fit proves
    nothing.
    """
    headers = capture.headers or {}
    signature, timestamp = headers.get(SIGNATURE), headers.get(TIMESTAMP, "")
    if signature is None or is_masked(signature):
        return None
    digests = {digest.lower() for digest in _DIGEST.findall(signature)}
    for secret in (*secrets, *hints):
        if _SECONDS.fullmatch(timestamp) and sign_timestamped(capture.body, int(timestamp), secret).partition("=")[2] in digests:
            return Proof("timestamped", secret)
        if sign_bare(capture.body, secret) in digests:
            return Proof("bare", secret)
    return Proof(NEITHER, None) if secrets else None


def is_masked(signature: str) -> bool:
    """Tells whether a signature was taken out before."""
    return signature == REDACTED or bool(_MASKED.search(signature))


def form_of(signature: str) -> str:
    """Returns a signature with its digits replaced by how many there are, as in `v1=[64 hex]`."""
    return signature if signature == REDACTED else ",".join(map(_masked, signature.split(",")))


def _masked(part: str) -> str:
    found = _PART.fullmatch(part.strip())
    assert found is not None
    name, value = found[1], found[2]
    if not _MASKED.fullmatch(value):
        kind = "hex" if re.fullmatch("[0-9a-fA-F]+", value) else "characters"
        value = f"[{len(value)} {kind}]"
    return value if name is None else f"{name}={value}"
