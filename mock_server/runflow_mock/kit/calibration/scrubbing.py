"""Scrubbing: a capture without anything that could be a secret or say whose it is.

By allow-list: words of the contract, words that look like codes in fields that hold codes, instants, and numbers that count stay; every
other value gives way to one of the same form, and what users hand in is emptied. Names of fields stay if they read like names. To scrub
twice is to scrub once.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from msgspec.structs import replace

from runflow_mock.domain.dialects import SWITCHES
from runflow_mock.domain.documents import Json, object_of, parts_of, write_document
from runflow_mock.domain.exchanges import REDACTED
from runflow_mock.domain.mime import EXTENSION_OF, essence
from runflow_mock.kit.calibration.captures import SIGNATURE, Capture, Kind, read_body
from runflow_mock.kit.calibration.signatures import form_of, recipe_of
from runflow_mock.openapi.contracts import packaged_contract

ANOTHER = "[another prefix]"
MASKED_ID, MASKED_URL = "00000000-0000-7000-8000-000000000000", "https://redacted.invalid/"
UNKNOWN_PATH = "[another path]"
UNLISTED_TYPE = "application/x-another"
# What users hand in, whatever it is.
OPAQUE = frozenset(("input", "inputs", "metadata", "config", "request"))
CODES = frozenset(
    (
        *("status_code", "status", "state_code", "event", "event_type", "code", "type", "stage", "stage_code"),
        *("failure_code", "failure_stage_code", "failure_reason_code"),
    )
)
SECRETS = frozenset(("secret", "plain_secret"))
COUNTS = re.compile(
    r"duration_ms|attempt_count|max_attempts|attempt_number|sequence_index|progress|total|succeeded|failed|cancelled|items_[a-z]+"
)

_CREDENTIAL = re.compile(r"rf_|rfk_|whsec_|[sp]k[_-]|bearer", re.IGNORECASE)
_CODE = re.compile(r"(?!(?:.*[0-9]){5})[A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)*")
_CODE_CHARACTERS_MAX = 48
_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_NAME = re.compile(r"[a-z]+[0-9]?(?:_[a-z]+[0-9]?)*")
_NAME_CHARACTERS_MAX = 40
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]{2,15} ?(Z|z|UTC|[+-][0-9:]{4,5})?)?")
# What a value gives way to, by its form.
_MASKS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), lambda text: MASKED_ID),
    (re.compile(r"-?[0-9]+(\.[0-9]+)?"), lambda text: re.sub("[0-9]", "0", text)),
    (re.compile(r"[a-z]+:/?/?\S*", re.IGNORECASE), lambda text: MASKED_URL),
)
# Names and forms of the headers whose values stay.
_HEADERS: Mapping[str, re.Pattern[str]] = {
    "content-type": re.compile(r"[a-z]+/[a-z.+-]+(; ?charset=[A-Za-z0-9-]+)?", re.IGNORECASE),
    "retry-after": re.compile(r"[0-9.]{1,10}|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT"),
    "runflow-timestamp": re.compile(r"[0-9]{1,20}"),
    "allow": re.compile(r"[A-Z, ]+"),
}
_LIMITS = re.compile(r"(x-)?ratelimit-[a-z]+")
_LIMIT = re.compile(r"[0-9.]{1,20}")


def scrub(capture: Capture, secrets: Sequence[str] = (), hints: Sequence[str] = ()) -> Capture:
    """Returns a capture without secrets; what they prove about its signature is found out before they go.

    One of the `secrets`, or its own, should fit a callback; `hints` are others that may. Whose it is has been decided by then, so that no
    host is left.
    """
    own = [secret for secret in (capture.secret, *secrets) if secret is not None and not secret.endswith(REDACTED)]
    found = recipe_of(capture, own, hints) if capture.kind is Kind.CALLBACK else None
    proven = None if found is None else found.secret
    value = capture.value
    given = capture.secret
    # A secret that fits nothing, or is of somebody's own making, says nothing of how the service begins its secrets.
    kept = given if given is not None and given.endswith(REDACTED) else None if proven is None else prefix_of(proven)
    return replace(
        capture,
        path=None if capture.path is None else template_of(capture.path),
        method=capture.method if capture.method is None or capture.method.isalpha() else REDACTED,
        headers=None if capture.headers is None else dict(_scrubbed_headers(capture.headers)),
        body=b"" if value is None else write_document(_scrubbed(value, "")),
        secret=None if kept is None or kept.startswith(ANOTHER) else prefix_of(kept),
        signed_as=capture.signed_as if found is None else found.recipe,
        host=None,
    )


def template_of(path: str) -> str:
    """Returns the path of the contract that a path leads to, without what stands in it."""
    addressed = packaged_contract().address(path)
    return UNKNOWN_PATH if addressed is None else addressed.path


def safe_name(name: str) -> str:
    """Returns the name of a field, unless it could be something else."""
    is_name = len(name) <= _NAME_CHARACTERS_MAX and _NAME.fullmatch(name) and not _CREDENTIAL.match(name)
    return name if is_name or name in _in_the_contract("properties") else REDACTED


def secrets_in(capture: Capture) -> Iterator[str]:
    """Yields the callback secrets that an answer shows: what was captured of their creation proves what they signed."""
    for name in sorted(SECRETS) if capture.kind is Kind.ANSWER else ():
        text = capture.record.get(name)
        if isinstance(text, str) and text != "":
            yield text


def prefix_of(secret: str) -> str:
    """Returns a secret of which no more than a known prefix is left."""
    if secret in (REDACTED, ANOTHER + REDACTED):
        return secret
    known = sorted(SWITCHES["secret_prefix"], key=len, reverse=True)
    return next((prefix for prefix in known if secret.startswith(prefix)), ANOTHER) + REDACTED


def _scrubbed_headers(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        form = _HEADERS.get(name, _LIMIT if _LIMITS.fullmatch(name) else None)
        if name == SIGNATURE:
            yield name, form_of(value)
        elif form is not None and form.fullmatch(value):
            yield name, value
        else:
            yield (name if safe_name(name.replace("-", "_")) != REDACTED else REDACTED), REDACTED


def _scrubbed(value: Json, name: str) -> Json:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if COUNTS.fullmatch(name) else type(value)(0)
    if isinstance(value, str):
        return _scrubbed_text(value, name)
    if name in OPAQUE:
        return [] if isinstance(value, list) else {}
    if isinstance(value, list):
        return [_scrubbed(part, name) for part in value]
    return {safe_name(key): _scrubbed(part, key) for key, part in value.items()}


def _scrubbed_text(text: str, name: str) -> str:
    if name in SECRETS:
        return prefix_of(text)
    if name in _OTHERWISE:
        return _OTHERWISE[name](text)
    if text == "" or text in _in_the_contract("enum") or (name in CODES and _is_code(text)):
        return text
    if name.endswith("_at") and _INSTANT.fullmatch(text):
        return text
    return next((mask(text) for form, mask in _MASKS if form.fullmatch(text)), REDACTED)


def _scrubbed_payload(text: str) -> str:
    value = read_body(text.encode())
    return REDACTED if value is None else write_document(_scrubbed(value, "")).decode()


def _scrubbed_cost(text: str) -> str:
    """Whether something was charged is kept, and not how much."""
    if _AMOUNT.fullmatch(text) is None:
        return REDACTED
    return re.sub("[0-9]", "9" if re.search("[1-9]", text) else "0", text)


def _scrubbed_type(text: str) -> str:
    """Whether a media type is one of those that are listed is kept, and not which other one it is."""
    return essence(text) if essence(text) in EXTENSION_OF else UNLISTED_TYPE


# Fields whose text has a form of its own.
_OTHERWISE: Mapping[str, Callable[[str], str]] = {
    "payload_bytes": _scrubbed_payload,
    "loc": safe_name,
    "key_prefix": prefix_of,
    "cost": _scrubbed_cost,
    "mime_type": _scrubbed_type,
}


def _is_code(text: str) -> bool:
    return len(text) <= _CODE_CHARACTERS_MAX and bool(_CODE.fullmatch(text)) and not _CREDENTIAL.match(text)


@cache
def _in_the_contract(word: str) -> frozenset[str]:
    """The values to choose from in the contract, or its names of fields: whatever is among them is public."""
    found = (object_of(part).get(word) for part in parts_of(packaged_contract().document))
    return frozenset(text for texts in found if isinstance(texts, dict | list) for text in texts if isinstance(text, str))
