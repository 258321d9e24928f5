"""Detectors: how each switch of a dialect shows in a capture, and which of its values would do.

One row for each switch. A observation that no value of the switch fits is something that neither source describes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from runflow_mock.domain.dialects import SWITCHES
from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.domain.exchanges import REDACTED
from runflow_mock.domain.findings import Location
from runflow_mock.domain.mime import EXTENSION_OF, essence
from runflow_mock.kit.calibration.captures import SIGNATURE, TIMESTAMP, Capture, Kind
from runflow_mock.kit.calibration.scrubbing import ANOTHER, OPAQUE, SECRETS
from runflow_mock.kit.calibration.shapes import CURSORS, is_page
from runflow_mock.kit.calibration.signatures import NEITHER

_OFFSET = re.compile(r"(Z|[+-][0-9]{2}:?[0-9]{2}|UTC)$", re.IGNORECASE)


class Observation(NamedTuple):
    """What was seen at a place of a capture, and the values of the switch that it fits."""

    fits: tuple[str, ...]
    observed: str
    place: Location


class Detector(NamedTuple):
    """One switch: what has to be captured for it, and how it is seen there."""

    shown_by: str
    see: Callable[[Capture], Iterator[Observation]]


def _spellings(capture: Capture) -> Iterator[Observation]:
    known = {"cancelled": ("uk",), "canceled": ("us",)}
    for place, text in _statuses(capture.value, ("body",)):
        if re.fullmatch(r"cancell?(ed|ing)?", text, re.IGNORECASE):
            yield Observation(known.get(text, ()), text, place)


def _statuses(value: Json, place: Location) -> Iterator[tuple[Location, str]]:
    """Yields the statuses of records, wherever they stand; what users hand in and what models put out has none."""
    if isinstance(value, list):
        for index, part in enumerate(value):
            yield from _statuses(part, (*place, index))
    if not isinstance(value, dict):
        return
    names = ("status", "status_code", "state_code", *(("code",) if "is_terminal" in value else ()))
    is_batch = "items_total" in value or "batch_id" in value
    for name, part in value.items():
        if isinstance(part, str) and name in names:
            yield (*place, name), part
        elif name not in OPAQUE and (name != "output" or is_batch):
            yield from _statuses(part, (*place, name))


def _callback_times(capture: Capture) -> Iterator[Observation]:
    for name in ("created_at", "completed_at") if capture.kind is Kind.CALLBACK else ():
        instant = capture.record.get(name)
        if isinstance(instant, str) and instant != REDACTED:
            offset = _OFFSET.search(instant)
            fits = {"Z": ("z",), "+00:00": ("offset",)}.get("" if offset is None else offset[0], ())
            yield Observation(fits, "no offset from UTC" if offset is None else f"…{offset[0]}", ("body", name))
        elif instant is not None:
            yield Observation((), "no date and time" if isinstance(instant, str) else "a number", ("body", name))


def _failure_outputs(capture: Capture) -> Iterator[Observation]:
    payload = capture.record
    if capture.kind is not Kind.CALLBACK or payload.get("event") != "run.failed" or "output" not in payload:
        return
    output = payload["output"]
    if output is None:
        yield Observation(("null",), "null", ("body", "output"))
    elif isinstance(output, dict):
        is_envelope = output.keys() == {"code", "message", "stage"}
        yield Observation(("error",) if is_envelope else (), f"{{{', '.join(sorted(output))}}}", ("body", "output"))
    else:
        yield Observation((), "no object", ("body", "output"))


def _signatures(capture: Capture) -> Iterator[Observation]:
    headers = capture.headers or {}
    signature, has_time = headers.get(SIGNATURE), TIMESTAMP in headers
    if capture.kind is not Kind.CALLBACK or signature in (None, REDACTED):
        return
    form = {("v1=[64 hex]", True): "timestamped", ("[64 hex]", False): "bare"}.get((str(signature), has_time))
    observed = f"{signature} {'with' if has_time else 'without'} Runflow-Timestamp, {_PROOFS[capture.signed_as]}"
    fits = (form,) if form is not None and capture.signed_as in (None, form) else ()
    yield Observation(fits, observed, ("headers", "Runflow-Signature"))


def _secret_prefixes(capture: Capture) -> Iterator[Observation]:
    shown = _shown_secrets(capture.value, ("body",)) if capture.kind is Kind.ANSWER else ()
    for place, text in (*shown, (("secret",), capture.secret)):
        if isinstance(text, str) and text not in ("", REDACTED):
            prefix = text.removesuffix(REDACTED)
            fits = (prefix,) if prefix in SWITCHES["secret_prefix"] else ()
            yield Observation(fits, "another prefix" if prefix == ANOTHER else f"{prefix}…", place)


def _shown_secrets(value: Json, place: Location) -> Iterator[tuple[Location, Json]]:
    """Yields what a record, or each on a page, shows of a callback secret: all of it once, and later how it begins."""
    if not isinstance(value, dict):
        return
    if is_page(value):
        items = value["items"]
        for index, item in enumerate(list_of(items)):
            yield from _shown_secrets(item, (*place, "items", index))
    # What belongs to an address of the user's, a webhook, may have a secret of the user's.
    if "url" not in value:
        names = (*sorted(SECRETS), *(("key_prefix",) if "is_current" in value else ()))
        yield from (((*place, name), value[name]) for name in names if name in value)


def _error_codes(capture: Capture) -> Iterator[Observation]:
    code, place = capture.record.get("code"), ("body", "code")
    if capture.kind is not Kind.ANSWER or not isinstance(code, str) or "message" not in capture.record:
        return
    known, status = _CODES.get(code), capture.status
    if known is not None and status in (None, known.status):
        yield Observation(known.fits, f"{known.status} {code}", place)
    elif status == 402:
        yield Observation((), f"402 {code}", place)
    elif status == 404 and _is_about_a_run(capture.path):
        yield Observation(("seed",) if code == "NOT_FOUND" else (), f"404 {code} for a run", place)
    elif status == 404 and code == "NOT_FOUND":
        what = "a run or something else" if capture.path is None else "something else than a run"
        yield Observation(SWITCHES["error_codes"], f"404 NOT_FOUND for {what}", place)


def _is_about_a_run(path: str | None) -> bool:
    """Whether a path, as the contract writes it, is that of a run or of something that a run has one of."""
    return path is not None and re.fullmatch(r"/v1(/admin)?/runs/\{\w+\}(/[a-z-]+)?", path) is not None


def _rate_limits(capture: Capture) -> Iterator[Observation]:
    headers, place = capture.headers, ("headers",)
    if capture.kind is not Kind.ANSWER or headers is None:
        return
    full = {f"x-ratelimit-{part}" for part in ("limit", "remaining", "reset")}
    limits = sorted(name for name in headers if re.fullmatch(r"(x-)?ratelimit(-.*)?", name))
    if capture.status != 429:
        # An answer without them proves nothing: a service may count only where it is near the limit.
        if limits:
            yield Observation(("full",) if full <= headers.keys() else (), ", ".join(limits), place)
        return
    wait = headers.get("retry-after")
    if wait is None:
        yield Observation(() if limits else ("none",), f"429 with {', '.join(limits) or 'no such header'}", place)
        return
    form = "seconds" if re.fullmatch("[0-9]+", wait) else "something else than whole seconds"
    value = "full" if full <= headers.keys() else None if limits else "retry-after"
    told = f"429 with {', '.join((f'Retry-After in {form}', *limits))}"
    yield Observation((value,) if value is not None and form == "seconds" else (), told, place)


def _cursors(capture: Capture) -> Iterator[Observation]:
    page = capture.record
    if capture.kind is not Kind.ANSWER or not is_page(capture.value):
        return
    names = {name for name in page if name in CURSORS or re.search("next|prev|cursor|first|last", name)}
    values = {frozenset(CURSORS[:3]): ("reference",), frozenset(CURSORS): ("both",)}
    if names:
        yield Observation(values.get(frozenset(names), ()), ", ".join(sorted(names)), ("body",))


def _upload_types(capture: Capture) -> Iterator[Observation]:
    for place, record in _records(capture):
        declared = record.get("mime_type") if "size_bytes" in record else None
        if isinstance(declared, str) and essence(declared) not in EXTENSION_OF:
            yield Observation(("any",), "an asset of a type that is not listed", (*place, "mime_type"))
    errors = capture.record.get("errors")
    for index, error in enumerate(list_of(errors)):
        loc, kind = (error.get("loc"), str(error.get("type"))) if isinstance(error, dict) else (None, "")
        # A type that is missing, or no text of the right length, would be refused whatever types are taken.
        is_about_type = kind != "missing" and not kind.startswith("string_")
        if capture.status in (None, 422) and isinstance(loc, list) and loc[-1:] == ["mime_type"] and is_about_type:
            yield Observation(("listed",), "a media type was refused", ("body", "errors", index))


def _cancel_billing(capture: Capture) -> Iterator[Observation]:
    for place, run in _runs(capture):
        cost = run.get("cost")
        if run.get("status_code") not in ("cancelled", "canceled") or not isinstance(cost, str):
            continue
        is_free = re.search("[1-9]", cost) is None
        # Whether a run that never started and is free had been handed over, its record does not say.
        if run.get("started_at") is not None or not is_free:
            yield Observation(("none",) if is_free else ("full",), f"stopped at work, {'free' if is_free else 'charged'}", (*place, "cost"))


def _output_forms(capture: Capture) -> Iterator[Observation]:
    for place, run in _runs(capture):
        output = run.get("output")
        entries = output.get("outputs") if isinstance(output, dict) else None
        first = entries[0] if isinstance(entries, list) and entries else None
        entry = object_of(first)
        if not isinstance(output, dict) or not ("image_urls" in output or entry.get("type") == "image"):
            continue
        is_plain = not ("image_urls" in output and entry)
        # Of some models both forms are documented; only the comfortable one has the media type too.
        fits = ("documented",) if is_plain else ("both",) if "content_type" in entry else SWITCHES["output_form"]
        names = " and ".join(name for name in ("outputs", "image_urls") if name in output)
        yield Observation(fits, f"{names}{', with content_type' if 'content_type' in entry else ''}", (*place, "output"))


def _run_errors(capture: Capture) -> Iterator[Observation]:
    for place, run in _runs(capture):
        if "error" in run:
            error = run["error"]
            is_known = error is None or (isinstance(error, dict) and error.keys() == {"code", "message"})
            yield Observation(("present",) if is_known else (), "error", (*place, "error"))
        elif run.get("status_code") == "failed":
            yield Observation(("absent",), "a failed run without error", place)


def _runs(capture: Capture) -> Iterator[tuple[Location, Mapping[str, Json]]]:
    return ((place, record) for place, record in _records(capture) if {"id", "status_code", "failure_code", "output"} <= record.keys())


def _records(capture: Capture) -> Iterator[tuple[Location, Mapping[str, Json]]]:
    """Yields the record that an answer is, or those on a page."""
    if capture.kind is not Kind.ANSWER:
        return
    items = capture.record.get("items")
    if not is_page(capture.value) or not isinstance(items, list):
        yield ("body",), capture.record
        return
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield ("body", "items", index), item


class _Known(NamedTuple):
    status: int
    fits: tuple[str, ...]


_CODES: Mapping[str, _Known] = {
    "INSUFFICIENT_CREDITS": _Known(402, ("seed",)),
    "INSUFFICIENT_CREDIT": _Known(402, ("docs",)),
    "RUN_NOT_FOUND": _Known(404, ("docs",)),
}
_PROOFS: Mapping[str | None, str] = {
    None: "by its form alone",
    "timestamped": "over timestamp.body as the secret proves",
    "bare": "over the body as the secret proves",
    NEITHER: "which no secret at hand reproduces: is it the one of this delivery, and the body raw?",
}

DETECTORS: Mapping[str, Detector] = {
    "status_spelling": Detector("a cancelled run or batch, its callback, or `GET /v1/runs/statuses`", _spellings),
    "callback_times": Detector("any callback", _callback_times),
    "failure_output": Detector("the callback of a failed run", _failure_outputs),
    "signature": Detector("any signed callback with its headers; with its secret and raw body it is proven", _signatures),
    "secret_prefix": Detector("`GET /v1/callback-secrets`, the creation of one, or a secret that a signature proves", _secret_prefixes),
    "error_codes": Detector("a 402, or the 404 of a run that does not exist", _error_codes),
    "rate_limit_headers": Detector("a 429 with its headers", _rate_limits),
    "cursor_names": Detector("a page of any list", _cursors),
    "upload_types": Detector("an asset of a type that `GET /v1/assets/types` does not list, or the 422 of its upload", _upload_types),
    "cancel_billing": Detector("a run that was cancelled while it was at work", _cancel_billing),
    "output_form": Detector("a finished run of a picture model, such as runflow/dyver-removal", _output_forms),
    "run_error": Detector("a failed run", _run_errors),
}
