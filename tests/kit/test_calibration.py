"""What captures show about each switch: our own in both dialects, each switch alone, and what neither source describes."""

import json
from functools import cache
from typing import Any

import pytest
from captured import Captured, in_process, read, readings_of, recognised
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from runflow_mock.domain.dialects import BUNDLES, SWITCHES
from runflow_mock.domain.signing import sign_bare, sign_timestamped
from runflow_mock.kit.calibration.detectors import DETECTORS
from runflow_mock.kit.calibration.readings import Verdict, nearest_dialect, read_switches, switches_of
from runflow_mock.kit.calibration.scrubbing import scrub

EACH = [(switch, value) for switch, values in SWITCHES.items() for value in values]
DIVIDED = [switch for switch in SWITCHES if getattr(BUNDLES["seed"], switch) != getattr(BUNDLES["docs"], switch)]
SECRET = "rf_whsec_0123456789"
PAYLOAD = {
    "event": "run.failed",
    "run_id": "019b76da-a800-7000-8000-000000000001",
    "status": "failed",
    "output": None,
    "duration_ms": 5,
    "created_at": "2026-01-01T00:00:00.000Z",
    "completed_at": "2026-01-01T00:00:05.000Z",
    "metadata": None,
}


def values_of(dialect: str) -> dict[str, str]:
    return {switch: value for switch, value in asdict(BUNDLES[dialect]).items() if switch != "name"}


def verdict_of(switch: str, dialect: str) -> Verdict:
    """What is said of a switch that is as a dialect has it: some are the same in both."""
    return Verdict.EITHER if switch not in DIVIDED else Verdict(dialect)


@cache
def captured(dialect: str) -> Captured:
    return in_process(dialect=dialect)


def callback(payload: Any = PAYLOAD, secret: str | None = None, **headers: str) -> Any:
    return {"headers": {"Runflow-Request-Id": "x-1", **headers}, "body": json.dumps(payload), **({"secret": secret} if secret else {})}


def seen(switch: str, *captures: Any) -> tuple[Verdict, str | None]:
    reading = read(**{f"f{index}": each for index, each in enumerate(captures)})[switch]
    return reading.verdict, reading.value


def test_every_switch_has_a_detector() -> None:
    assert list(DETECTORS) == list(SWITCHES), "a new switch needs a row in kit/calibration/detectors.py"


@pytest.mark.parametrize("dialect", ["seed", "docs"])
def test_captures_of_a_dialect_are_known_as_it_in_every_switch(dialect: str) -> None:
    readings = readings_of(captured(dialect))
    assert {switch: reading.verdict for switch, reading in readings.items()} == {switch: verdict_of(switch, dialect) for switch in SWITCHES}
    assert switches_of(readings.values()) == values_of(dialect)


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("dialect", ["seed", "docs"])
@pytest.mark.parametrize(("switch", "value"), EACH)
def test_switch_that_differs_alone_is_known_alone(dialect: str, switch: str, value: str) -> None:
    # Beside what the dialect's own captures show, which has its own test: so a detector that errs fails for its own switch only.
    usual = switches_of(readings_of(captured(dialect)).values())
    readings = readings_of(in_process(dialect=dialect, switches={switch: value}))
    assert switches_of(readings.values()) == {**usual, switch: value}


@pytest.mark.slow(is_covering=True)
def test_value_of_no_bundle_is_like_neither_and_can_be_spoken() -> None:
    reading = readings_of(in_process(switches={"rate_limit_headers": "full"}))["rate_limit_headers"]
    assert (reading.verdict, reading.value, reading.is_open) == (Verdict.NEITHER, "full", False)


@pytest.mark.slow(is_covering=True)
@settings(max_examples=12)
@given(st.fixed_dictionaries({switch: st.sampled_from(values) for switch, values in SWITCHES.items()}))
def test_any_combination_of_switches_is_found_again(switches: dict[str, str]) -> None:
    assert switches_of(readings_of(in_process(switches=switches)).values()) == switches


@pytest.mark.slow(is_covering=True)
def test_one_combination_of_switches_is_found_again() -> None:
    switches = {**values_of("docs"), "signature": "timestamped", "error_codes": "seed", "rate_limit_headers": "full"}
    assert switches_of(readings_of(in_process(switches=switches)).values()) == switches


@pytest.mark.parametrize("switch", DIVIDED)
def test_captures_of_two_dialects_contradict_each_other(switch: str) -> None:
    mixed = {f"{dialect}/{name}": raw for dialect in BUNDLES for name, raw in captured(dialect).files.items()}
    reading = readings_of(Captured(mixed, captured("seed").secret), captured("docs").secret)[switch]
    assert (reading.verdict, reading.value) == (Verdict.CONTRADICTORY, None)
    sides = {side for each in reading.observations for side in each.fits}
    assert {BUNDLES["seed"], BUNDLES["docs"]} == {bundle for bundle in BUNDLES.values() if getattr(bundle, switch) in sides}
    assert all(each.evidence for each in reading.observations)


def test_what_was_not_captured_is_not_seen() -> None:
    assert {reading.verdict for reading in read_switches(())} == {Verdict.NOT_SEEN}


def test_nearest_dialect_is_the_one_that_shares_most() -> None:
    assert [nearest_dialect(switches) for switches in ({}, {"signature": "bare"}, {"signature": "bare", "status_spelling": "uk"})] == [
        "seed", "docs", "seed",
    ]  # fmt: skip


def test_evidence_says_file_and_place() -> None:
    reading = read(runs={"items": [{"id": "1", "status_code": "queued"}, {"id": "2", "status_code": "canceled"}], "next": None})
    (observation,) = reading["status_spelling"].observations
    assert [(each.source, each.location) for each in observation.evidence] == [("runs.json", "body.items[1].status_code")]


@pytest.mark.parametrize(
    ("word", "verdict"),
    [("cancelled", "seed"), ("canceled", "docs"), ("CANCELLED", "neither"), ("cancel", "neither"), ("stopped", "not seen")],
)
def test_spelling(word: str, verdict: str) -> None:
    run = {"id": "1", "status_code": word, "input": {"status": "cancelled"}, "output": {"status": "canceled"}}
    assert seen("status_spelling", run)[0] == verdict
    assert (
        seen("status_spelling", {"id": "1", "items_total": 1, "status_code": "failed", "output": {"items": [{"status_code": word}]}})[0]
        == verdict
    )
    assert seen("status_spelling", {"items": [{"code": word, "is_terminal": True}], "next": None})[0] == verdict


@pytest.mark.parametrize(
    ("instant", "verdict"),
    [
        ("2026-01-01T00:00:00Z", "seed"),
        ("2026-01-01T00:00:00.123456+00:00", "docs"),
        ("2026-01-01T02:00:00+02:00", "neither"),
        ("2026-01-01T00:00:00", "neither"),
        ("2026-01-01 00:00:00 UTC", "neither"),
        ("New Year", "neither"),
        (1767225600, "neither"),
        (None, "not seen"),
    ],
)
def test_callback_times(instant: Any, verdict: str) -> None:
    payload = {**PAYLOAD, "created_at": instant, "completed_at": instant}
    assert seen("callback_times", payload)[0] == verdict
    assert seen("callback_times", {"id": "1", "status_code": "failed", "created_at": instant})[0] == "not seen"


@pytest.mark.parametrize(
    ("output", "verdict"),
    [
        (None, "seed"),
        ({"code": "TIMEOUT", "message": "too slow", "stage": "execution"}, "docs"),
        ({"error": "TIMEOUT"}, "neither"),
        ("TIMEOUT", "neither"),
    ],
)
def test_failure_output(output: Any, verdict: str) -> None:
    assert seen("failure_output", {**PAYLOAD, "output": output})[0] == verdict
    assert seen("failure_output", {**PAYLOAD, "event": "run.cancelled", "output": output})[0] == "not seen"


RAW = json.dumps(PAYLOAD).encode()
STAMPED, BARE = sign_timestamped(RAW, 1767225600, SECRET), sign_bare(RAW, SECRET)
TIME = "1767225600"


@pytest.mark.parametrize(
    ("signature", "timestamp", "verdict", "proven"),
    [
        (STAMPED, TIME, "seed", "seed"),
        (BARE, None, "docs", "docs"),
        # The form of one and the content of the other.
        (f"v1={BARE}", TIME, "seed", "neither"),
        (STAMPED.removeprefix("v1="), None, "docs", "neither"),
        (BARE, TIME, "neither", "neither"),
        (STAMPED, None, "neither", "neither"),
        (f"t={TIME},v1={STAMPED[3:]}", TIME, "neither", "neither"),
        (f"sha256={BARE}", None, "neither", "neither"),
        ("v1=" + "0" * 64, TIME, "seed", "neither"),
        ("c2lnbmVk", "soon", "neither", "neither"),
        (None, TIME, "not seen", "not seen"),
    ],
)
def test_signature_by_its_form_and_by_its_secret(signature: str | None, timestamp: str | None, verdict: str, proven: str) -> None:
    given = {"Runflow-Signature": signature, "Runflow-Timestamp": timestamp}
    headers = {name: value for name, value in given.items() if value is not None}
    captures = recognised(
        {"a.json": json.dumps(callback(**headers)).encode(), "b.json": json.dumps(callback(secret=SECRET, **headers)).encode()}
    )
    by_form, by_secret = (read_switches([scrub(capture)])[list(SWITCHES).index("signature")] for capture in captures)
    assert (by_form.verdict, by_secret.verdict) == (verdict, proven)


def test_secret_that_may_fit_proves_nothing_where_it_does_not() -> None:
    (capture,) = recognised({"a.json": json.dumps(callback(**{"Runflow-Signature": BARE})).encode()})
    assert [scrub(capture, hints=[secret]).signed_as for secret in (SECRET, "another secret")] == ["bare", None]
    assert scrub(capture, ["another secret"], [SECRET]).signed_as == "bare"
    assert scrub(capture, ["another secret"]).signed_as == "neither"


@pytest.mark.parametrize(
    ("secret", "verdict"), [(SECRET, "seed"), ("whsec_1", "docs"), ("sk_1", "neither"), ("[redacted]", "not seen"), (7, "not seen")]
)
def test_secret_prefix(secret: Any, verdict: str) -> None:
    assert seen("secret_prefix", {"id": "1", "plain_secret": secret})[0] == verdict
    assert seen("secret_prefix", {"id": "1", "secret": secret})[0] == verdict
    assert seen("secret_prefix", {"id": "1", "secret": secret, "url": "https://example.com"})[0] == "not seen"


@pytest.mark.parametrize(("prefix", "verdict"), [("rf_whsec_3f9", "seed"), ("whsec_3f9a1b", "docs"), ("sk_3f9a1b2c", "neither")])
def test_prefix_of_a_secret_that_is_there_already(prefix: str, verdict: str) -> None:
    record = {"id": "1", "key_prefix": prefix, "is_current": True}
    assert seen("secret_prefix", record)[0] == seen("secret_prefix", {"items": [record, 7], "next": None})[0] == verdict
    assert seen("secret_prefix", {"id": "1", "key_prefix": "rf_live_0123"})[0] == "not seen"


@pytest.mark.parametrize(("secret", "verdict"), [(SECRET, "seed"), ("whsec_1", "docs"), ("chosen by the user", "not seen")])
def test_secret_that_is_proven_shows_its_prefix(secret: str, verdict: str) -> None:
    assert seen("secret_prefix", callback(secret=secret, **{"Runflow-Signature": sign_bare(RAW, secret)}))[0] == verdict
    assert seen("secret_prefix", callback(secret=secret, **{"Runflow-Signature": "0" * 64}))[0] == "not seen"


def error(code: Any, status: int | None = None, path: str | None = None) -> Any:
    body = {"code": code, "message": "no", "errors": None}
    if status is None:
        return body
    return (
        {"request": {"method": "GET", "path": path}, "response": {"status": status, "body": body}}
        if path
        else {"status": status, "body": body}
    )


@pytest.mark.parametrize(
    ("capture", "verdict"),
    [
        (error("INSUFFICIENT_CREDITS"), "seed"),
        (error("INSUFFICIENT_CREDIT", 402), "docs"),
        (error("PAYMENT_REQUIRED", 402), "neither"),
        (error("INSUFFICIENT_CREDIT", 403), "not seen"),
        (error("NOT_FOUND", 404, "/v1/runs/1?fields=id"), "seed"),
        (error("NOT_FOUND", 404, "/v1/runs/1/callback"), "seed"),
        (error("RUN_NOT_FOUND", 404), "docs"),
        (error("MISSING", 404, "/v1/admin/runs/1/cancellation"), "neither"),
        (error("NOT_FOUND", 404), "both fit"),
        (error("NOT_FOUND", 404, "/v1/runs/1/logs/2"), "both fit"),
        (error("NOT_FOUND", 404, "/v1/batches/1"), "both fit"),
        (error("GONE", 404), "not seen"),
        (error("NOT_FOUND"), "not seen"),
        (error(404, 404), "not seen"),
    ],
)
def test_error_codes(capture: Any, verdict: str) -> None:
    assert seen("error_codes", capture)[0] == verdict


def test_what_fits_both_does_not_keep_another_capture_from_deciding() -> None:
    assert seen("error_codes", error("NOT_FOUND", 404), error("INSUFFICIENT_CREDIT", 402)) == (Verdict.DOCS, "docs")


LIMITS = {"X-RateLimit-Limit": "9", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767225600"}


@pytest.mark.parametrize(
    ("status", "headers", "verdict", "value"),
    [
        (429, {"Retry-After": "7"}, "seed", "retry-after"),
        (429, {"Content-Type": "application/json"}, "docs", "none"),
        (429, {"Retry-After": "7", **LIMITS}, "neither", "full"),
        (200, LIMITS, "neither", "full"),
        (429, {"Retry-After": "Thu, 01 Jan 2026 00:00:00 GMT"}, "neither", None),
        (429, {"Retry-After": "7", "RateLimit-Limit": "9"}, "neither", None),
        (429, LIMITS, "neither", None),
        (200, {"X-RateLimit-Limit": "9"}, "neither", None),
        (200, {"Content-Type": "application/json"}, "not seen", None),
        (429, None, "not seen", None),
    ],
)
def test_rate_limit_headers(status: int, headers: Any, verdict: str, value: str | None) -> None:
    assert seen("rate_limit_headers", {"status": status, "body": {}, **({} if headers is None else {"headers": headers})}) == (
        verdict,
        value,
    )


@pytest.mark.parametrize(
    ("names", "verdict"),
    [
        (("first", "next", "previous"), "seed"),
        (("first", "next", "previous", "next_pq", "prev_pq"), "docs"),
        (("next_cursor",), "neither"),
        (("next_pq", "prev_pq"), "neither"),
        (("total",), "not seen"),
    ],
)
def test_cursor_names(names: tuple[str, ...], verdict: str) -> None:
    assert seen("cursor_names", {"items": [], **dict.fromkeys(names)})[0] == verdict


def test_batches_are_no_pages() -> None:
    assert seen("cursor_names", {"id": "1", "items_total": 1, "items": [], "next": None})[0] == "not seen"


RUN = {"id": "1", "status_code": "failed", "failure_code": "TIMEOUT", "output": None, "started_at": "2026-01-01T00:00:00Z"}
PICTURE = {"url": "https://media.example/a.png", "type": "image"}


@pytest.mark.parametrize(
    ("change", "verdict", "value"),
    [
        ({}, "either", "absent"),
        ({"error": {"code": "TIMEOUT", "message": "late"}}, "neither", "present"),
        ({"status_code": "succeeded", "error": None}, "neither", "present"),
        ({"error": {"reason": "late"}}, "neither", None),
        ({"error": "late"}, "neither", None),
        ({"status_code": "succeeded"}, "not seen", None),
    ],
)
def test_run_error(change: Any, verdict: str, value: str | None) -> None:
    assert seen("run_error", {**RUN, **change}) == seen("run_error", {"items": [{**RUN, **change}], "next": None}) == (verdict, value)


@pytest.mark.parametrize(
    ("change", "verdict", "value"),
    [
        ({"cost": "0.270000"}, "either", "full"),
        ({"cost": "0.000000"}, "neither", "none"),
        ({"cost": "0.270000", "status_code": "canceled"}, "either", "full"),
        ({"cost": "0.270000", "started_at": None}, "either", "full"),
        ({"cost": "0.000000", "started_at": None}, "not seen", None),
        ({"cost": None}, "not seen", None),
        ({"cost": "0.000000", "status_code": "failed"}, "not seen", None),
    ],
)
def test_cancel_billing(change: Any, verdict: str, value: str | None) -> None:
    assert seen("cancel_billing", {**RUN, "status_code": "cancelled", **change}) == (verdict, value)


@pytest.mark.parametrize(
    ("output", "verdict", "value"),
    [
        ({"image_urls": ["https://media.example/a.png"]}, "either", "documented"),
        ({"outputs": [PICTURE], "seed": None}, "either", "documented"),
        ({"outputs": [PICTURE], "image_urls": ["https://media.example/a.png"]}, "both fit", None),
        ({"outputs": [{**PICTURE, "content_type": "image/png"}], "image_urls": ["https://media.example/a.png"]}, "neither", "both"),
        ({"outputs": [{"url": "https://media.example/a.mp4", "type": "video"}]}, "not seen", None),
        ({"answer": 42}, "not seen", None),
        (None, "not seen", None),
    ],
)
def test_output_form(output: Any, verdict: str, value: str | None) -> None:
    assert seen("output_form", {**RUN, "status_code": "succeeded", "output": output}) == (verdict, value)


def refusal_of(name: str, kind: str = "x") -> Any:
    errors = [{"loc": ["body", name], "msg": "no", "type": kind}]
    return {"code": "VALIDATION_ERROR", "message": "no", "errors": errors}


@pytest.mark.parametrize(
    ("body", "verdict", "value"),
    [
        ({"id": "1", "size_bytes": 5, "mime_type": "model/gltf-binary"}, "either", "any"),
        ({"id": "1", "size_bytes": 5, "mime_type": "image/png"}, "not seen", None),
        ({"id": "1", "size_bytes": 5, "mime_type": "IMAGE/PNG; x=y"}, "not seen", None),
        (refusal_of("mime_type"), "neither", "listed"),
        (refusal_of("mime_type", "missing"), "not seen", None),
        (refusal_of("mime_type", "string_too_short"), "not seen", None),
        (refusal_of("filename"), "not seen", None),
    ],
)
def test_upload_types(body: Any, verdict: str, value: str | None) -> None:
    assert seen("upload_types", {"status": 422 if "code" in body else 201, "body": body}) == (verdict, value)
