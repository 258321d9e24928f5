"""Slips: in which tables the receivers of the bench differ from the usual one, by the name of what they do wrong."""

import hmac
import json
import re
import time
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import reduce
from hashlib import sha256
from operator import xor
from typing import Any
from urllib.parse import unquote_to_bytes

SECRET, PREVIOUS_SECRET, RETIRED_SECRET = "rf_whsec_handlers_now", "rf_whsec_handlers_before", "rf_whsec_handlers_long_ago"
KNOWN_STATES = ("succeeded", "completed", "partial_succeeded", "failed", "cancelled")
WINDOW_SECONDS, LONG_SECONDS = 300, 1200
HEADERS = ("runflow-request-id", "runflow-timestamp", "runflow-signature")
KNOWN_FIELDS = {"event", "run_id", "batch_id", "evaluation_id", "status", "output", "duration_ms", "created_at", "completed_at", "metadata"}
PART = 16

# How they answer a genuine callback, where not with 200.
STATUSES: Mapping[str, int] = {"answers 201": 201, "answers 202": 202}
# How they answer GET and HEAD, where not with 405.
READS: Mapping[tuple[str, str], int] = {("crashes on a look at its head", "HEAD"): 500}
SECRETS: Mapping[str, tuple[str, ...]] = {
    "one secret": (SECRET,),
    "signs with nothing where no secret was before": (SECRET, PREVIOUS_SECRET, ""),
    "signs with None where no secret was before": (SECRET, PREVIOUS_SECRET, "None"),
    "signs with false where no secret was before": (SECRET, PREVIOUS_SECRET, "false"),
    "signs with a secret of an example": (SECRET, PREVIOUS_SECRET, "changeme"),
    "signs with the name of its variable": (SECRET, PREVIOUS_SECRET, "${RUNFLOW_CALLBACK_SECRET}"),
    "keeps every secret": (SECRET, PREVIOUS_SECRET, RETIRED_SECRET),
    "reads its secret without the prefix too": (SECRET, PREVIOUS_SECRET, SECRET.removeprefix("rf_whsec_")),
    "reads its secret backwards too": (SECRET, PREVIOUS_SECRET, SECRET[::-1]),
    "reads its secret as bytes are printed too": (SECRET, PREVIOUS_SECRET, str(SECRET.encode())),
    "reads its secret with percent signs too": (SECRET, PREVIOUS_SECRET, "%" + SECRET.encode().hex("%").upper()),
    "reads its secret in base64 too": (SECRET, PREVIOUS_SECRET, b64encode(SECRET.encode()).decode()),
    "reads half of its secret too": (SECRET, PREVIOUS_SECRET, SECRET[:10]),
}
# By what a handler knows what it has verified, and does not verify again.
MEMORIES: Mapping[str, Callable[[dict[str, str], bytes], tuple[object, ...]]] = {
    "knows signatures that it has verified": lambda headers, body: (headers["runflow-timestamp"], headers["runflow-signature"]),
    "knows deliveries of a moment that it has verified": lambda headers, body: (
        headers["runflow-request-id"],
        headers["runflow-timestamp"],
    ),
    "knows attempts that it has verified": lambda headers, body: (headers["runflow-request-id"],),
    "knows bodies of a moment that it has verified": lambda headers, body: (body, headers["runflow-timestamp"]),
    "knows signed bodies that it has verified": lambda headers, body: (body, headers["runflow-signature"]),
    "knows signed deliveries that it has verified": lambda headers, body: (headers["runflow-request-id"], headers["runflow-signature"]),
}
# Which secrets it has for what is about a noun, where these are others.
SECRETS_OF: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("knows the secret before for runs alone", "batch"): (SECRET,),
    ("keeps every secret for batches", "batch"): (SECRET, PREVIOUS_SECRET, RETIRED_SECRET),
}
COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "trusts everybody": lambda mine, given: True,
    "compares the first digits": lambda mine, given: mine[: 3 + PART] == given[: 3 + PART],
    "passes over what follows the digits": lambda mine, given: given.startswith(mine),
    "compares the last digits": lambda mine, given: mine[-PART:] == given[-PART:],
    "compares as many digits as it is given": lambda mine, given: given.startswith("v1=") and mine.startswith(given),
    "looks for the signature within its own": lambda mine, given: given in mine,
    "compares all but the last digit": lambda mine, given: mine[:-1] == given[:-1],
    "adds up how much digits differ": lambda mine, given: sum(mine.encode()) == sum(given.encode()),
    "writes its signature without zeros in front": lambda mine, given: f"v1={int(mine[3:], 16):x}" == given,
    "strips each letter of v1= from the digits": lambda mine, given: mine[3:] == given.lstrip("v1="),
    "writes its signature with a sign": lambda mine, given: f"v1={signed(mine[3:]):064x}" == given,
    "adds up the bytes": lambda mine, given: len(mine) == len(given) and folded(sum, mine) == folded(sum, given),
    "folds the bytes into one": lambda mine, given: len(mine) == len(given) and folded(xor_of, mine) == folded(xor_of, given),
    "compares the digit in the middle": lambda mine, given: len(mine) == len(given) and mine[35] == given[35],
    "sorts the digits": lambda mine, given: sorted(mine) == sorted(given),
    "compares both ends": lambda mine, given: (mine[:20], mine[-20:]) == (given[:20], given[-20:]),
}
# How it compares signatures of what is about a noun, where it does that in another way.
COMPARISONS_OF: Mapping[tuple[str, str], Callable[[str, str], bool]] = {
    ("compares the first digits of batches", "batch"): lambda mine, given: mine[: 3 + PART] == given[: 3 + PART],
    ("compares all but the last digit of evaluations", "evaluation"): lambda mine, given: mine[:-1] == given[:-1],
}
# What a handler believes without looking at the signature.
BELIEVED: Mapping[str, Callable[[str], bool]] = {
    "believes what tells of batches": lambda event: event.startswith("batch."),
    "believes what tells of failures": lambda event: event.endswith(".failed"),
    "believes what tells of cancellations": lambda event: event.endswith(".cancelled"),
    "believes events that it does not know": lambda event: event.partition(".")[0] not in ("run", "batch", "evaluation"),
}
# About which events a handler takes old callbacks for fresh.
TIMELESS: Mapping[str, Callable[[str], bool]] = {
    "takes old callbacks about failures": lambda event: event.endswith(".failed"),
    "takes old callbacks about batches": lambda event: event.startswith("batch."),
}
# How a handler answers before it verifies anything, and what; and what it crashes on.
EARLY: Mapping[str, tuple[int, Callable[[dict[str, str], bytes], bool]]] = {
    "takes eight kilobytes": (413, lambda headers, body: len(body) > 8 * 1024),
    "takes twenty-four kilobytes": (413, lambda headers, body: len(body) > 24 * 1024),
    "takes a hundred kilobytes": (413, lambda headers, body: len(body) > 100 * 1024),
    "believes what a proxy of its own says": (200, lambda headers, body: headers.get("x-forwarded-for", "").startswith("127.")),
    "believes its own network": (200, lambda headers, body: headers.get("x-real-ip", "").startswith("10.")),
    "believes whoever names the service": (200, lambda headers, body: headers.get("origin") == "https://api.runflow.io"),
    "takes what names no delivery for a ping": (204, lambda headers, body: "runflow-request-id" not in headers and bool(body)),
    "trusts who sends none of its headers": (200, lambda headers, body: bool(body) and not any(name in headers for name in HEADERS)),
    "takes a list for nothing": (204, lambda headers, body: isinstance(parsed(body), list)),
    "takes a text for nothing": (204, lambda headers, body: isinstance(parsed(body), str)),
    "takes a form with files for nothing": (204, lambda headers, body: headers.get("content-type", "").startswith("multipart/")),
    "takes an empty timestamp for none at all": (204, lambda headers, body: headers.get("runflow-timestamp") == ""),
    "takes a timestamp of zero for a test": (204, lambda headers, body: headers.get("runflow-timestamp") == "0"),
    "takes signatures of other services": (204, lambda headers, body: headers.get("runflow-signature", "").startswith("sha256=")),
    "wants a duration": (422, lambda headers, body: b'"duration_ms":null' in body),
    "reads milliseconds alone": (422, lambda headers, body: re.search(r"\.[0-9]{4}", str(said(body, "completed_at"))) is not None),
    "reads instants of one offset alone": (422, lambda headers, body: not str(said(body, "completed_at") or "Z").endswith("Z")),
    "reads fractions of seconds alone": (422, lambda headers, body: "." not in str(said(body, "completed_at") or ".")),
    "takes what is no JSON for nothing": (204, lambda headers, body: body == b"not json"),
    "takes what it cannot count for fresh and signed": (204, lambda headers, body: not headers.get("runflow-timestamp", "0").isdigit()),
    "takes signatures that it cannot compare": (204, lambda headers, body: not headers.get("runflow-signature", "").isascii()),
    "takes signatures of other versions": (204, lambda headers, body: headers.get("runflow-signature", "v1").startswith("v0")),
    "strict content type": (415, lambda headers, body: headers.get("content-type") != "application/json"),
    "verifies JSON alone": (204, lambda headers, body: "json" not in headers.get("content-type", "")),
    "greets whoever pings": (200, lambda headers, body: said(body, "event") == "ping"),
    "greets whoever tests": (200, lambda headers, body: said(body, "event") == "test"),
    "answers challenges": (200, lambda headers, body: said(body, "challenge") is not None),
    "passes over what has not ended": (200, lambda headers, body: said(body, "status") in ("queued", "dispatching", "running")),
    "passes over states that it does not know": (200, lambda headers, body: said(body, "status") not in (None, *KNOWN_STATES)),
    "passes over what is large": (200, lambda headers, body: len(body) > 300_000),
    "believes another network of its own": (200, lambda headers, body: headers.get("x-forwarded-for", "").startswith("192.168.")),
    "believes what comes for localhost": (200, lambda headers, body: headers.get("host", "").startswith("localhost")),
    "greets health checks": (200, lambda headers, body: "health" in headers.get("user-agent", "").lower()),
    "believes what says that it is a test": (200, lambda headers, body: said(body, "test") is True),
    "obeys another method": (200, lambda headers, body: "x-http-method-override" in headers),
    "leaves packed bodies alone": (204, lambda headers, body: "content-encoding" in headers),
    "trusts batches that nobody signed": (200, lambda headers, body: is_about("batch", body) and "runflow-signature" not in headers),
    "knows all headers": (400, lambda headers, body: any(name.startswith("runflow-") and name not in HEADERS for name in headers)),
    "wants a duration of batches": (422, lambda headers, body: is_about("batch", body) and b'"duration_ms":null' in body),
    "reads fractions of seconds of batches alone": (
        422,
        lambda headers, body: is_about("batch", body) and "." not in str(said(body, "completed_at") or "."),
    ),
    "takes a delivery for a signature": (
        200,
        lambda headers, body: headers.get("runflow-signature", "").endswith(f"={headers.get('runflow-request-id', '-')[:-2]}"),
    ),
    "takes the digest of a delivery": (
        200,
        lambda headers, body: headers.get("runflow-signature", "").endswith(
            sha256(headers.get("runflow-request-id", "")[:-2].encode()).hexdigest()
        ),
    ),
    "signs with the delivery too": (
        200,
        lambda headers, body: headers.get("runflow-signature", "").endswith(
            mac_of(headers.get("runflow-request-id", "")[:-2], headers, body)
        ),
    ),
    "takes no body for a ping": (204, lambda headers, body: not body),
    "takes what names no event for a ping": (204, lambda headers, body: isinstance(sent := parsed(body), dict) and "event" not in sent),
}
ODDITIES: Mapping[str, Callable[[dict[str, str], bytes], bool]] = {
    "crashes without a client_ref": lambda headers, body: b'"client_ref":null' in body,
    "crashes on what is nested without end": lambda headers, body: body.startswith(b"[[["),
    "crashes where a duration is null": lambda headers, body: b'"duration_ms":null' in body,
    "crashes where an end is null": lambda headers, body: b'"completed_at":null' in body,
    "crashes on an output of another form": lambda headers, body: b'"outputs":[{' in body and b'"image_urls"' not in body,
    "crashes where items have no client_ref": lambda headers, body: b'"items":[' in body and b'"client_ref":null' in body,
    "crashes on a number": lambda headers, body: isinstance(parsed(body), int),
    "crashes on half a message": lambda headers, body: body.startswith(b"{") and parsed(body) is None,
    "crashes on null": lambda headers, body: body == b"null",
    "crashes where no event is named": lambda headers, body: body == b"{}",
    "crashes on what is no text": lambda headers, body: b"\xff" in body,
    "crashes where a timestamp is no number": lambda headers, body: not headers.get("runflow-timestamp", "0").isdigit(),
    "crashes where a timestamp is endless": lambda headers, body: len(headers.get("runflow-timestamp", "")) > 300,
    "crashes where a signature is beyond ASCII": lambda headers, body: not headers.get("runflow-signature", "").isascii(),
    "crashes where a timestamp has raised digits": lambda headers, body: "\u00b2" in headers.get("runflow-timestamp", ""),
    "crashes where a signature is long": lambda headers, body: len(headers.get("runflow-signature", "")) > 1000,
    "crashes where an event is no text": lambda headers, body: not isinstance(said(body, "event") or "", str),
    "crashes without a timestamp": lambda headers, body: not headers.get("runflow-timestamp", "").isdigit(),
    "crashes where a signature is short": lambda headers, body: len(headers.get("runflow-signature", "")) not in (0, 67),
}
# By how many seconds a timestamp may lie in the past, and in the future.
WINDOWS: Mapping[str, tuple[float, float]] = {
    "ignores the timestamp": (1e12, 1e12),
    "has a nine-minute window": (540, 540),
    "looks at the past alone": (WINDOW_SECONDS, 1e12),
    "looks at the future alone": (1e12, WINDOW_SECONDS),
    "impatient": (180, 180),
    "has a window of four and a half minutes": (270, 270),
    "takes nothing from ahead": (WINDOW_SECONDS, 5),
}
# The same for what is about a noun.
WINDOWS_OF: Mapping[tuple[str, str], tuple[float, float]] = {
    ("has a nine-minute window for batches", "batch"): (540, 540),
    ("looks at the past of evaluations alone", "evaluation"): (WINDOW_SECONDS, 1e12),
    ("is impatient about batches", "batch"): (180, 180),
}
# What a handler takes for a whole round of the clock, and counts no further.
ROUNDS: Mapping[str, int] = {
    "counts days without weeks": 604800,
    "counts seconds without days": 86400,
    "counts minutes without hours": 3600,
}
READINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "writes it again": lambda body: json.dumps(parsed(body), separators=(",", ":")).encode(),
    "drops what is no text": lambda body: body.decode("utf-8", "ignore").encode(),
    "trims the body": lambda body: body.strip(),
    "decodes it as a form": lambda body: unquote_to_bytes(body.replace(b"+", b" ")),
    "passes over the mark of the byte order": lambda body: body.removeprefix(b"\xef\xbb\xbf"),
    "reads up to a NUL": lambda body: body.partition(b"\x00")[0],
    "drops control characters": lambda body: re.sub(rb"[\x00-\x1f\x7f]", b"", body),
    "drops what has no width": lambda body: re.sub(rb"\xe2\x80[\x8b-\x8d]", b"", body),
    "breaks lines in one way": lambda body: body.replace(b"\r\n", b"\n"),
    "keeps one space of several": lambda body: re.sub(rb"  +", b" ", body),
    "passes over white space in front": lambda body: body.lstrip(),
    "has no tabs": lambda body: body.replace(b"\t", b" "),
    "decodes what is no text": lambda body: body.decode("utf-8", "replace").encode(),
    "straightens quotes": lambda body: body.replace("\u2019".encode(), b"'").replace("\u201c".encode(), b'\\"'),
    "doubles apostrophes": lambda body: body.replace(b"'", b"''"),
    "writes batches again": lambda body: json.dumps(parsed(body), separators=(",", ":")).encode() if is_about("batch", body) else body,
    "composes letters": lambda body: unicodedata.normalize("NFC", body.decode(errors="surrogateescape")).encode(errors="surrogateescape"),
    "takes backslashes away": lambda body: body.replace(b"\\", b""),
    "keeps letters of three bytes at most": lambda body: re.sub(rb"[\xf0-\xf4][\x80-\xbf]{3}", b"?", body),
}
UNKNOWN_EVENTS: Mapping[str, tuple[str, ...]] = {
    "only runs": ("batch.", "evaluation."),
    "knows no evaluations": ("evaluation.",),
    "strict events": ("run.hibernated",),
    "strict events of batches": ("batch.hibernated",),
    "knows three nouns": ("asset.",),
    "only batches": ("run.", "evaluation."),
}
# What it refuses although it may come.
STRICT: Mapping[str, Callable[[Mapping[str, str], dict[str, Any]], bool]] = {
    "strict fields": lambda headers, message: not set(message) <= KNOWN_FIELDS,
    "strict fields of batches": lambda headers, message: "batch_id" in message and not set(message) <= KNOWN_FIELDS,
    "strict output": lambda headers, message: "x_unknown" in (message.get("output") or {}),
    "strict items": lambda headers, message: any("x_unknown" in item for item in items_of(message)),
    "knows all states of items": lambda headers, message: any(item["status_code"] not in KNOWN_STATES for item in items_of(message)),
    "knows of two attempts": lambda headers, message: not headers["runflow-request-id"].endswith(("-1", "-2")),
    "knows of two attempts about batches": lambda headers, message: (
        "batch_id" in message and not headers["runflow-request-id"].endswith(("-1", "-2"))
    ),
    "takes nothing that ended long ago": lambda headers, message: age(message["completed_at"]) > LONG_SECONDS,
}


def xor_of(values: Iterable[int]) -> int:
    """All values folded into one."""
    return reduce(xor, values)


def signed(digits: str) -> int:
    """The number that stands there for whoever takes the first bit for a sign."""
    return int.from_bytes(bytes.fromhex(digits), signed=True)


def folded(fold: Callable[[Iterable[int]], int], signature: str) -> int | None:
    """What a signature's bytes come to, or nothing where it is none."""
    digits = signature.removeprefix("v1=")
    return fold(bytes.fromhex(digits)) % 256 if re.fullmatch("[0-9a-f]+", digits) else None


def is_about(noun: str, body: bytes) -> bool:
    """Whether a body tells of something of a noun."""
    return str(said(body, "event")).startswith(f"{noun}.")


def mac_of(key: str, headers: Mapping[str, str], body: bytes) -> str:
    """The digits of a signature that is made with a key of one's own."""
    return hmac.digest(key.encode(), headers.get("runflow-timestamp", "").encode() + b"." + body, "sha256").hex()


def items_of(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a batch's output, or none."""
    items: list[dict[str, Any]] = (message.get("output") or {}).get("items", [])
    return items


def said(body: bytes, name: str) -> Any:
    """What a body says under a name, or nothing."""
    message = parsed(body)
    return message.get(name) if isinstance(message, dict) else None


def age(instant: str | None) -> float:
    """How long ago an instant was, in seconds; nothing is of this moment."""
    return 0.0 if instant is None else time.time() - datetime.fromisoformat(instant).timestamp()


def parsed(body: bytes) -> Any:
    """What a body says, or nothing."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
