"""The journal over HTTP: verdicts, filters, paging, export; of one tenant only.

What a browser needs in order to open an archive is a JSON Schema, written from the specification of HAR 1.2.
"""

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from doors import MANUAL, Door
from jsonschema import Draft202012Validator, FormatChecker
from msgspec.structs import replace
from steps import ABSENT, BATCHES, INPUT, RUNS, Body, finished_run, get_run, ok, post_run, refusal

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": -1}
SECONDS: Schema = {"type": "number", "minimum": -1}
DATE: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}


def record(*required: str, **properties: Schema) -> Schema:
    """An object with fields that it must have; others only when they are named or begin with an underscore."""
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def many(items: Schema) -> Schema:
    """An array."""
    return {"type": "array", "items": items}


PAIR = record("name", "value", name=TEXT, value=TEXT, comment=TEXT)
COOKIE = record("name", "value", name=TEXT, value=TEXT, path=TEXT, domain=TEXT, expires=DATE, httpOnly={"type": "boolean"})
POST_DATA = record("mimeType", "text", "params", mimeType=TEXT, text=TEXT, params=many(record("name", name=TEXT, value=TEXT)), comment=TEXT)
CONTENT = record("size", "mimeType", size=COUNT, mimeType=TEXT, text=TEXT, encoding=TEXT, compression=COUNT, comment=TEXT)
MESSAGE: Schema = {"httpVersion": TEXT, "cookies": many(COOKIE), "headers": many(PAIR), "headersSize": COUNT, "bodySize": COUNT}
ADDRESS: Schema = {"type": "string", "pattern": "^https?://[^/]+/"}
ASKED: Schema = {"method": TEXT, "url": ADDRESS, "queryString": many(PAIR)}
REQUEST = record(*ASKED, *MESSAGE, **ASKED, **MESSAGE, postData=POST_DATA, comment=TEXT)
GIVEN: Schema = {"status": COUNT, "statusText": TEXT, "content": CONTENT, "redirectURL": TEXT}
RESPONSE = record(*GIVEN, *MESSAGE, **GIVEN, **MESSAGE, comment=TEXT)
PHASES = ("blocked", "dns", "connect", "send", "wait", "receive", "ssl")
TIMINGS = record("send", "wait", "receive", **dict.fromkeys(PHASES, SECONDS), comment=TEXT)
EVENT: Schema = {
    "startedDateTime": DATE,
    "time": SECONDS,
    "request": REQUEST,
    "response": RESPONSE,
    "cache": {"type": "object"},
    "timings": TIMINGS,
}
ENTRY = record(*EVENT, **EVENT, pageref=TEXT, serverIPAddress=TEXT, connection=TEXT, comment=TEXT)
CREATOR = record("name", "version", name=TEXT, version=TEXT, comment=TEXT)
LOG: Schema = {"version": {"const": "1.2"}, "creator": CREATOR, "entries": many(ENTRY)}
ARCHIVE = record("log", log=record(*LOG, **LOG, browser=CREATOR, pages=many({"type": "object"}), comment=TEXT))


CALLS = (("GET", "/v1/runs"), ("POST", RUNS), ("GET", "/v1/runs?limit=0"), ("GET", f"/v1/runs/{ABSENT}"), ("GET", "/v1/nothing"))


def journal(door: Door, query: str = "") -> list[Body]:
    items: list[Body] = ok(door.get(f"/_mock/journal{query}"))["items"]
    return items


@pytest.fixture
def filled(door: Door) -> Door:
    for method, path in CALLS:
        door.request(method, path, json={"input": INPUT} if method == "POST" else None)
    return door


def test_exchange_shows_what_was_found(door: Door) -> None:
    door.post(BATCHES, {"items": [{"input": {**INPUT, "zoom": 1}, "client_ref": 7}]})
    (item,) = journal(door)
    assert [(found["loc"], found["rule"]) for found in item["violations"]] == [(["body", "items", 0, "client_ref"], "type")]
    assert [found["loc"] for found in item["notes"]] == [["body", "items", 0, "input", "zoom"]]
    assert [found["rule"] for found in item["relies_on"]] == ["batch-body"]
    assert {found["severity"] for name in ("violations", "notes", "relies_on") for found in item[name]} == {"violation", "note", "reliance"}
    assert (item["ours"], item["verdicts"], item["fault"]) == ([], [], None)


def test_exchange_shows_the_rules_that_it_breaks(door: Door) -> None:
    for _ in range(2):
        door.post(RUNS, {"input": {}})
    first, second = journal(door)
    assert [verdict["rule"] for verdict in first["verdicts"]] == ["retry-refused"]
    assert first["verdicts"] == second["verdicts"]
    assert first["verdicts"][0]["exchanges"] == [first["id"], second["id"]]


@pytest.mark.slow(is_covering=True)
def test_own_answers_fit_the_contract_in_a_whole_story(door: Door) -> None:
    run = finished_run(door)
    door.get(f"/v1/runs/{run['id']}/logs")
    door.post(BATCHES, {"input": [INPUT] * 3})
    door.get("/v1/models")
    assert [item["ours"] for item in journal(door)] == [[]] * 5


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("operation=list_runs", [1, 3]),
        ("method=post", [2]),
        ("status=404", [4, 5]),
        ("status=4xx", [3, 4, 5]),
        ("path=/v1/runs", [1, 3]),
        ("path=/v1/**", [1, 2, 3, 4, 5]),
        ("path=/v1/*/runs", []),
        ("violations=true", [3, 5]),
        ("violations=false&method=GET", [1, 4]),
        ("faulted=true", []),
        ("since=3", [4, 5]),
        ("limit=2", [4, 5]),
        ("limit=2&after=0", [1, 2]),
        ("limit=2&after=2", [3, 4]),
        ("after=5", []),
    ],
)
def test_filters_and_pages(filled: Door, query: str, numbers: list[int]) -> None:
    assert [item["number"] for item in journal(filled, f"?{query}")] == numbers


def test_pages_lead_through_everything_and_count_it(filled: Door) -> None:
    seen, after = [], "0"
    while after != "None":
        response = filled.get(f"/_mock/journal?path=/v1/runs**&limit=2&after={after}")
        assert response.headers["x-total-count"] == "3"
        seen += [item["number"] for item in ok(response)["items"]]
        after = str(response.json()["next"])
    assert seen == [1, 3, 4]


def test_exchange_is_named_by_its_id_as_well(filled: Door) -> None:
    third = journal(filled)[2]["id"]
    assert [item["number"] for item in journal(filled, f"?since={third}")] == [4, 5]
    assert [item["number"] for item in journal(filled, f"?after={third}&limit=1")] == [4]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("limit=0", "'0'"),
        ("status=abc", "'abc'"),
        ("status=4", "404"),
        ("violations=yes", "true or false"),
        ("after=x1", "'x1'"),
        ("since=", "neither a number nor the id"),
        ("path=" + "*" * 9, "stars"),
        ("colour=red", "'colour'; it takes operation"),
        ("operation=crate_run", "operation 'crate_run' is none of the API's; did you mean create_run?"),
        ("method=PSOT", "method 'PSOT' is none of HTTP's; did you mean POST?"),
        ("status=600", "such as 404"),
        ("status=0xx", "such as 404"),
    ],
)
def test_filter_that_cannot_be_used_is_refused_by_name(filled: Door, query: str, told: str) -> None:
    for path in ("/_mock/journal", "/_mock/journal.har"):
        assert told in refusal(filled.get(f"{path}?{query}"), 422)


def test_deleted_journal_is_empty_with_its_verdicts(filled: Door) -> None:
    assert filled.delete("/_mock/journal").status_code == 204
    filled.get("/v1/runs")
    found = ok(filled.get("/_mock/journal"))
    assert ([item["number"] for item in found["items"]], found["total"], found["dropped"]) == ([1], 1, 0)


def test_other_tenant_sees_nothing_of_it(filled: Door) -> None:
    assert ok(filled.get("/_mock/journal", key="rf_live_mock_other"))["items"] == []
    filled.delete("/_mock/journal", key="rf_live_mock_other")
    assert len(journal(filled)) == 5


@pytest.mark.slow(is_covering=True)
def test_archive_fits_the_schema_of_har(filled: Door) -> None:
    run = finished_run(filled)
    url = httpx.URL(run["output"]["image_urls"][0])
    filled.get(url.raw_path.decode(), key=None)
    archive = ok(filled.get("/_mock/journal.har"))
    validator = Draft202012Validator(ARCHIVE, format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(archive)] == []
    assert len(archive["log"]["entries"]) == 8


def test_archive_that_does_not_fit_would_be_found(filled: Door) -> None:
    archive = ok(filled.get("/_mock/journal.har"))
    for name in ("startedDateTime", "request", "response", "timings", "cache"):
        entry = {key: value for key, value in archive["log"]["entries"][0].items() if key != name}
        assert not Draft202012Validator(ARCHIVE).is_valid({"log": {**archive["log"], "entries": [entry]}})


def test_entry_of_the_archive_is_the_exchange(door: Door) -> None:
    created = door.post(f"{RUNS}?a=b", {"input": INPUT, "token": "hush"})
    (entry,) = ok(door.get("/_mock/journal.har?violations=false"))["log"]["entries"]
    request, response = entry["request"], entry["response"]
    assert (request["method"], request["url"]) == ("POST", f"http://127.0.0.1:8787{RUNS}?a=b")
    assert request["queryString"] == [{"name": "a", "value": "b"}]
    assert (response["status"], response["statusText"]) == (201, "Created")
    assert created.json()["id"] in response["content"]["text"]
    assert "hush" not in request["postData"]["text"]
    assert {header["value"] for header in request["headers"] if header["name"] == "authorization"} == {"[redacted]"}
    assert (entry["_operation"], entry["_violations"]) == ("create_run", [])


def test_archive_shows_no_key_and_no_secret() -> None:
    with Door(callback_secret="rf_whsec_hidden") as door:
        secret = ok(door.post("/v1/callback-secrets", {"label": "x"}), 201)["secret"]
        door.post(RUNS, {"input": INPUT, "api_key": door.key}, headers={"X-Api-Key": door.key, "Cookie": door.key})
        shown = door.get("/_mock/journal.har").text
    assert not [private for private in (secret, "rf_whsec_hidden", door.key) if private in shown]


def test_bytes_that_are_no_text_are_archived_as_base64(door: Door) -> None:
    door.request("POST", RUNS, content=b"\xff\xfe")
    entries: list[Any] = ok(door.get("/_mock/journal.har"))["log"]["entries"]
    assert entries[0]["request"]["postData"]["text"] == "\ufffd\ufffd"


def test_journal_with_verdicts_is_bounded() -> None:
    with Door(limits=replace(MANUAL.limits, journal_max=3)) as door:
        run = post_run(door)
        for _ in range(5):
            get_run(door, run)
        found = ok(door.get("/_mock/journal"))
    assert ([item["number"] for item in found["items"]], found["dropped"]) == ([4, 5, 6], 3)


@pytest.mark.parametrize("limit", ["1e999", "-1e999", "1" * 399, "1e-999", "\ud83c", "[1e999", '{"a": 1e999}'])
def test_journal_is_read_whatever_number_a_client_has_sent(door: Door, limit: str) -> None:
    door.request("GET", "/v1/runs?" + urlencode({"limit": limit}, errors="surrogatepass"))
    assert ok(door.get("/_mock/journal"))["items"][0]["violations"] != []
    assert door.get("/_mock/journal.har").status_code == 200
