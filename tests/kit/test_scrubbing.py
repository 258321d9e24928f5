"""What is left of a capture: nothing that could be a secret or say whose it is, and all that the switches show in."""

import json
from typing import Any

import pytest
from captured import recognised
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runflow_mock.domain.signing import sign_bare
from runflow_mock.kit.calibration.captures import DEPTH_MAX, Capture, Kind, document_of
from runflow_mock.kit.calibration.scrubbing import MASKED_ID, MASKED_URL, safe_name, scrub, secrets_in
from runflow_mock.kit.calibration.signatures import form_of

ID = "019b76da-a800-7000-8000-000000000001"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)


def answer(body: Any, **more: Any) -> Capture:
    return Capture(source="a.json", place="", kind=Kind.ANSWER, body=json.dumps(body).encode(), **more)


def left_of(body: Any) -> Any:
    return scrub(answer(body)).value


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("id", ID, MASKED_ID),
        ("organization_id", 4711, 0),
        ("cost", "-12.340", "-99.999"),
        ("callback_url", "https://shop.example/hooks?token=1", MASKED_URL),
        ("image_url", "data:image/png;base64,iVBO", MASKED_URL),
        ("uri", f"runflow://assets/{ID}", MASKED_URL),
        ("message", "Ask alice@example.com", "[redacted]"),
        ("email", "alice@example.com", "[redacted]"),
        ("next", "eyJhIjoxfQ", "[redacted]"),
        ("plain_secret", "rf_whsec_0123", "rf_whsec_[redacted]"),
        ("plain_secret", "whsec_0123", "whsec_[redacted]"),
        ("secret", "0123", "[another prefix][redacted]"),
        ("api_key", "rf_live_0123", "[redacted]"),
        ("status_code", "canceled", "canceled"),
        ("status_code", "brand_new", "brand_new"),
        ("code", "PAYMENT_REQUIRED", "PAYMENT_REQUIRED"),
        ("code", "rf_live_abc", "[redacted]"),
        ("code", "A1B2C3D4E5F6", "[redacted]"),
        ("label", "brand_new", "[redacted]"),
        ("created_at", "2026-01-01T00:00:00.000+00:00", "2026-01-01T00:00:00.000+00:00"),
        ("created_at", "2026-01-01 00:00:00 UTC", "2026-01-01 00:00:00 UTC"),
        ("created_at", "when alice came", "[redacted]"),
        ("created", "2026-01-01T00:00:00Z", "[redacted]"),
        ("duration_ms", 17, 17),
        ("balance", 17.5, 0.0),
        ("is_terminal", True, True),
        ("output", None, None),
        ("note", "", ""),
        ("metadata", {"alice@example.com": 1}, {}),
        ("inputs", [{"name": "x"}], []),
        ("loc", ["body", "image_url", 3, "Alice Smith"], ["body", "image_url", 0, "[redacted]"]),
        ("payload_bytes", '{"status":"failed","metadata":{"a":1}}', '{"status":"failed","metadata":{}}'),
        ("payload_bytes", "alice", "[redacted]"),
        ("outputs", [{"url": "https://media.example/a.png?sig=1", "type": "image"}], [{"url": MASKED_URL, "type": "image"}]),
    ],
)
def test_value_gives_way_to_one_of_its_form(name: str, value: Any, left: Any) -> None:
    assert left_of({name: value}) == {name: left}


@pytest.mark.parametrize("name", ["status_code", "brand_new_field", "items_total", "next_pq", "address_line1"])
def test_name_of_a_field_stays(name: str) -> None:
    assert safe_name(name) == name


@pytest.mark.parametrize("name", ["alice@example.com", "rf_live_abc", "whsec_abc", "Alice Smith", "a" * 41, "sk_live", "9f86d081", ""])
def test_what_does_not_read_like_a_name_goes(name: str) -> None:
    assert left_of({name: True}) == {"[redacted]": True}


@pytest.mark.parametrize(
    ("signature", "left"),
    [
        ("v1=" + "ab" * 32, "v1=[64 hex]"),
        ("ab" * 32, "[64 hex]"),
        ("t=1767225600, v1=" + "ab" * 32, "t=[10 hex],v1=[64 hex]"),
        ("sha256=" + "z" * 9, "sha256=[9 characters]"),
        ("secret=abc", "[10 characters]"),
        ("[redacted]", "[redacted]"),
        ("v1=[64 hex]", "v1=[64 hex]"),
    ],
)
def test_of_a_signature_its_form_is_left(signature: str, left: str) -> None:
    assert form_of(signature) == left


def test_headers_that_are_not_known_to_be_harmless_go() -> None:
    known = {"content-type": "text/html; charset=utf-8", "retry-after": "7", "runflow-timestamp": "1767225600", "allow": "GET, POST"}
    others = {"authorization": "Bearer x", "x-organization-id": ID, "ratelimit-policy": "rf_live", "cookie": "session=1"}
    headers = {**known, **others, "x-ratelimit-limit": "9"}
    kept = {name: value for name, value in (scrub(answer({}, headers=headers)).headers or {}).items() if value != "[redacted]"}
    assert sorted(kept) == ["allow", "content-type", "retry-after", "runflow-timestamp", "x-ratelimit-limit"]
    assert scrub(answer({}, headers={"retry-after": "alice"})).headers == {"retry-after": "[redacted]"}


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (f"/v1/runs/{ID}", "/v1/runs/{id}"),
        ("/v1/models/acme%2Fsecret-model/runs", "/v1/models/{model_id}/runs"),
        ("/v1/acme/secrets", "[another path]"),
    ],
)
def test_of_a_path_the_contracts_form_is_left(path: str, left: str) -> None:
    scrubbed = scrub(answer({}, method="GET", path=path))
    assert (scrubbed.method, scrubbed.path, scrub(scrubbed).path) == ("GET", left, left)
    assert scrub(answer({}, method="GET rf_live_0123", path=path)).method == "[redacted]"


def test_body_that_is_no_json_goes() -> None:
    assert scrub(replace(answer({}), body=b"Bearer rf_live_0123")).body == b""


@pytest.mark.parametrize(("depth", "is_read"), [(DEPTH_MAX - 1, True), (DEPTH_MAX, False), (900, False), (100_000, False)])
def test_body_that_is_nested_beyond_all_measure_is_none(depth: int, is_read: bool) -> None:
    raw = b"[" * depth + b'"x"' + b"]" * depth
    assert bool(scrub(replace(answer({}), body=raw)).body) is is_read
    assert (left_of({"payload_bytes": raw.decode()})["payload_bytes"] != "[redacted]") is is_read


def test_secret_goes_and_what_it_proves_stays() -> None:
    raw = b'{"event":"run.completed","run_id":"1"}'
    headers = {"runflow-signature": sign_bare(raw, "whsec_0123")}
    given = Capture(source="a", place="", kind=Kind.CALLBACK, headers=headers, body=raw, secret="whsec_0123")
    scrubbed = scrub(given)
    assert (scrubbed.secret, scrubbed.signed_as, scrubbed.headers) == ("whsec_[redacted]", "bare", {"runflow-signature": "[64 hex]"})
    assert scrub(scrubbed) == scrub(scrubbed, ["another secret"]) == scrubbed


def test_secrets_that_answers_show_can_be_tried() -> None:
    shown = answer({"id": ID, "secret": "whsec_1", "plain_secret": "whsec_2"})
    assert list(secrets_in(shown)) == ["whsec_2", "whsec_1"]
    assert list(secrets_in(replace(shown, kind=Kind.CALLBACK))) == list(secrets_in(answer([]))) == []


@pytest.mark.slow(is_covering=True)
@settings(max_examples=50)
@given(JSON)
def test_to_scrub_twice_is_to_scrub_once(body: Any) -> None:
    once = scrub(answer(body))
    assert scrub(once) == once


def test_to_scrub_this_twice_is_to_scrub_it_once() -> None:
    once = scrub(answer({"id": ID, "cost": "1.5", "x": {"y z": "w", "url": "http://a/b"}, "secret": "abc", "created_at": "2026-01-01"}))
    assert scrub(once) == once


def test_redacted_document_is_read_as_what_it_was_written_from() -> None:
    answered = answer({"id": ID, "status_code": "failed"}, status=200, method="GET", path=f"/v1/runs/{ID}", headers={"allow": "GET"})
    callback = Capture(source="a.json", place="", kind=Kind.CALLBACK, body=b'{"event":"run.failed"}', signed_as="bare")
    scrubbed = [scrub(answered), scrub(callback)]
    found = recognised({"a.json": document_of(scrubbed)})
    assert [replace(each, place="") for each in found] == scrubbed
    assert [each.place for each in found] == ["captures[0]", "captures[1]"]
