"""Claims are read out of texts: each kind in the forms that people write, on its line, and nothing out of what only looks alike."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from skill_texts import GOOD

from runflow_mock.kit.skills.blocks import SENTENCE_MAX
from runflow_mock.kit.skills.checking import hold
from runflow_mock.kit.skills.claims import (
    Endpoint,
    Example,
    Header,
    Keys,
    Limit,
    Side,
    Standing,
    Statement,
    Status,
    Unread,
)
from runflow_mock.kit.skills.reading import read_claims
from runflow_mock.kit.skills.reference import Reference
from runflow_mock.openapi.contracts import Contract, packaged_contract

REFERENCE = Reference(packaged_contract())
RUNS = Endpoint(path="/v1/runs", method="POST")


def said(text: str) -> list[Statement]:
    return [claim.says for claim in read_claims(text)]


def of(kind: type[Statement], text: str) -> list[Statement]:
    return [says for says in said(text) if isinstance(says, kind)]


@pytest.mark.parametrize(
    ("text", "endpoints"),
    [
        ("`GET /v1/runs/{id}`", [Endpoint(path="/v1/runs/{id}", method="GET")]),
        ("**POST** `/v1/runs`", [Endpoint(path="/v1/runs")]),
        ("POST `/v1/runs`.", [RUNS]),
        ("GET/DELETE /v1/webhooks/{id}", [Endpoint(path="/v1/webhooks/{id}", method=method) for method in ("GET", "DELETE")]),
        ("GET $RUNFLOW_BASE_URL/v1/runs", [Endpoint(path="/v1/runs", method="GET")]),
        ("`${BASE}/v1/runs`", [Endpoint(path="/v1/runs")]),
        ("read {base_url}/v1/runs", [Endpoint(path="/v1/runs")]),
        ("GET https://api.runflow.io/v1/runs/<run-id>,", [Endpoint(path="/v1/runs/{run-id}", method="GET", host="api.runflow.io")]),
        ("GET /v1/runs/:id then GET /v1/runs/$ID", [Endpoint(path=f"/v1/runs/{{{name}}}", method="GET") for name in ("id", "ID")]),
        ("GET /v1/runs?limit=5&q=a", [Endpoint(path="/v1/runs", method="GET", query=("limit", "q"))]),
        ("GET http://127.0.0.1:8787/v1/runs", [Endpoint(path="/v1/runs", method="GET")]),
        ("[docs](https://docs.runflow.io/start)", [Endpoint(path="/start", host="docs.runflow.io")]),
        ("see https://runflow.io.", [Endpoint(path="/", host="runflow.io")]),
        ("POST https://your-server.com/webhook and https://example.com/v1/runs", []),
        ("a FORGET /v1 and GETTING /x", []),
        ("GET https://a\u2100b/v1", []),
        ("`//example.com/x`", []),
        ("either/or and 1/2", []),
        ('```\ncurl -sSL "$URL" -o out.webp\n```', []),
    ],
)
def test_endpoints(text: str, endpoints: list[Endpoint]) -> None:
    assert of(Endpoint, text) == endpoints


def test_front_matter_says_nothing_and_counts_as_lines() -> None:
    text = "---\nname: x\ndescription: GET /v1/runs\n---\n\n`GET /v1/runs`\n"
    assert [(claim.line, claim.sentence) for claim in read_claims(text)] == [(6, "`GET /v1/runs`")]


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("around", ["{}\n", "```\n{}\n```\n", "1. {}\n"], ids=["prose", "code", "item"])
def test_claims_of_one_long_line_show_what_is_around_each(around: str) -> None:
    """Each would otherwise keep, and print, a copy of the line."""
    claims = read_claims(around.format("GET /v1/jobs/{id} " * 1_000))
    assert len(claims) == 1_000
    assert all("GET /v1/jobs/{id}" in claim.sentence[:160] and len(claim.sentence) <= SENTENCE_MAX for claim in claims)


def test_lines_and_sentences_are_those_of_the_text() -> None:
    text = "# Title\n\nFirst `GET /v1/runs`. Then\n`GET /v1/batches` follows.\n\n- an item\n  with `/v1/health`\n"
    assert [(claim.line, claim.sentence) for claim in read_claims(text)] == [
        (3, "First `GET /v1/runs`."),
        (4, "Then `GET /v1/batches` follows."),
        (7, "- an item with `/v1/health`"),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_endings_and_byte_order_marks_make_no_difference(newline: str, mark: str) -> None:
    assert read_claims(mark + GOOD.replace("\n", newline)) == read_claims(GOOD)


def test_lines_are_those_that_editors_count() -> None:
    assert [claim.line for claim in read_claims("a\x0cb\u2028c\n`GET /v1/runs`")] == [2]


CURL = "```sh\n{}\n```\n"


@pytest.mark.parametrize(
    ("command", "endpoint", "body"),
    [
        ("curl https://api.runflow.io/v1/runs", Endpoint(path="/v1/runs", method="GET", host="api.runflow.io"), None),
        ("$ curl -X DELETE /v1/assets/$ID", Endpoint(path="/v1/assets/{ID}", method="DELETE"), None),
        ("curl $BASE/v1/runs -d '{}'", RUNS, b"{}"),
        ("curl --json '{\"a\": 1}' --url $BASE/v1/runs", RUNS, b'{"a": 1}'),
        ("curl -sSXPOST $BASE/v1/runs --data-raw='{}'", RUNS, b"{}"),
        ("curl -k --insecure $BASE/v1/runs more --json '{}'", RUNS, b"{}"),
        ("curl -o out.json -H 'A: b' $BASE/v1/runs \\\n  -d '{\n}' | jq .id -d x", RUNS, b"{\n}"),
        ("ID=$(curl -X POST $BASE/v1/runs -d '{}')", RUNS, b"{}"),
        ("curl $BASE/v1/runs -d @body.json", RUNS, None),
        ("curl $BASE/v1/runs -d a=1 -d b=2", RUNS, None),
        ("curl -F file=@a.png $BASE/v1/runs", RUNS, None),
        ("curl -G $BASE/v1/runs -d limit=1", Endpoint(path="/v1/runs", method="GET"), b"limit=1"),
        ("curl --get $BASE/v1/runs -d limit=1", Endpoint(path="/v1/runs", method="GET"), b"limit=1"),
    ],
)
def test_curl_is_read_as_curl_reads_it(command: str, endpoint: Endpoint, body: bytes | None) -> None:
    text = CURL.format(command)
    assert of(Endpoint, text) == [endpoint]
    assert of(Example, text) == ([] if body is None else [Example(endpoint=endpoint, body=body)])


@pytest.mark.parametrize("command", ["curl https://example.com/v1/runs -d '{}'", "curling /v1x", "curl -X POST https://cdn.example.com/a"])
def test_curl_to_somebody_else_says_nothing(command: str) -> None:
    assert said(CURL.format(command)) == []


@pytest.mark.parametrize("command", ["curl 'unclosed", "curl -s", "curl " + "\\\n" * 120 + "x"])
def test_curl_that_cannot_be_read_is_told_as_such(command: str) -> None:
    assert said(CURL.format(command)) == [Unread(text=command.partition("\n")[0])]


def test_command_without_any_mark_is_code() -> None:
    text = "Create it:\ncurl -X POST $BASE/v1/runs \\\n  -d '{\"input\": {}}'\nThe answer has `run_id`.\n"
    endpoint = RUNS
    assert said(text) == [endpoint, Example(endpoint=endpoint, body=b'{"input": {}}')]


def test_headers_of_commands_and_under_a_method_are_read() -> None:
    curl = CURL.format("curl -H 'Authorization: Bearer x' -H bad -H \"Accept: a/b\" $BASE/v1/runs -d '{}'")
    assert of(Header, curl) == [
        Header(name="Authorization", value="Bearer x", endpoint=RUNS),
        Header(name="Accept", value="a/b", endpoint=RUNS),
    ]
    block = "    POST /v1/runs\n      Content-Type: application/json\n\n    Note: no header\n"
    assert of(Header, block) == [Header(name="Content-Type", value="application/json", endpoint=RUNS)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('    POST /v1/runs\n\n    {"input": {}}\n', Example(endpoint=RUNS, body=b'{"input": {}}')),
        ("    POST /v1/runs\n    → { id, status_code }\n", Keys(names=("id", "status_code"), side=Side.ANSWER, endpoint=RUNS)),
        (
            '    GET /v1/runs\n    [{"id": 1}]\n',
            Keys(names=("id",), side=Side.ANSWER, endpoint=Endpoint(path="/v1/runs", method="GET")),
        ),
        ('`POST /v1/runs` with `{"a": {...}}`', Keys(names=("a",), side=Side.REQUEST, endpoint=RUNS)),
        ('Every error is `{"code": "X", ...}`.', Keys(names=("code",), side=Side.ERROR)),
        ('A webhook has `{"event": 1}`.', Keys(names=("event",), side=Side.OTHER)),
        ('It is `{"a": 1}`.', Keys(names=("a",), side=Side.OTHER)),
        ('`POST /v1/runs` returns {"a":\n1} here', Keys(names=("a",), side=Side.OTHER, endpoint=RUNS)),
    ],
)
def test_values_are_bodies_or_keys(text: str, says: Statement) -> None:
    assert [each for each in said(text) if isinstance(each, Example | Keys)] == [says]


@pytest.mark.parametrize("body", ['{"a": "$URL"}', '{"a": "${URL}"}', '{"a": "<your-id>"}', '{"a": "{asset_id}"}', '{"a": "https://..."}'])
def test_body_in_which_something_else_is_to_be_put_is_read_for_its_keys_alone(body: str) -> None:
    keys = Keys(names=("a",), side=Side.REQUEST, endpoint=RUNS)
    for text in (CURL.format(f"curl $BASE/v1/runs -d '{body}'"), f"    POST /v1/runs\n    {body}\n"):
        assert [each for each in said(text) if isinstance(each, Example | Keys)] == [keys]


def test_body_that_the_shell_makes_is_not_read() -> None:
    text = CURL.format("""curl $BASE/v1/runs -d "$(jq -n --arg u "$URL" '{input: {u: $u}}')" """)
    assert said(text) == [RUNS]


def test_second_value_under_a_creation_is_its_answer() -> None:
    text = '    POST /v1/runs\n    {"input": {}}\n    {"id": "x"}\n'
    assert of(Keys, text) == [Keys(names=("id",), side=Side.ANSWER, endpoint=RUNS)]


def test_value_in_a_block_of_its_own_is_what_the_words_before_it_say() -> None:
    text = '`POST /v1/runs` it.\n\nThe {}:\n\n```json\n{{"id": "x"}}\n```\n'
    for words, says in (
        ("body", Example(endpoint=RUNS, body=b'{"id": "x"}')),
        ("response", Keys(names=("id",), side=Side.ANSWER, endpoint=RUNS)),
        ("callback", Keys(names=("id",), side=Side.OTHER, endpoint=RUNS)),
        ("thing", Keys(names=("id",), side=Side.OTHER, endpoint=RUNS)),
    ):
        found = said(text.replace("{}:", f"{words}:", 1).replace("{{", "{").replace("}}", "}"))
        assert [each for each in found if isinstance(each, Example | Keys)] == [says], words


@pytest.mark.parametrize("text", ["{id}", "`{}`", "{ a", "[1, 2]", "f({a, b})", "{a b, c}", "x{a, b}", "[link]{a, b}", "{a: {b}}", "{'}"])
def test_braces_that_are_no_value_say_nothing(text: str) -> None:
    assert of(Keys, text) == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("- 401: no", ["401"]),
        ("- `401`/`403` — no", ["401", "403"]),
        ("* **5xx** later: x", ["5xx"]),
        ("| 401, 403 | stop |", ["401", "403"]),
        ("| `5XX` | later |", ["5xx"]),
        ("## Statuses\n\n- 420: slow\n- 499: gone", ["420", "499"]),
        ("Status | x\n\n- 200: fine", ["200"]),
        ("| code | x |\n|---|---|\n| 299 | y |\n| 298 | z |", ["299", "298"]),
        ("- 512: small\n- 300: big\n\n| 480 | x |", []),
        ("It returns 250 items with 512 pixels, answers with 300 words. `512` and `300`", []),
        ("It answers with a 404, returns 409 Conflict. An HTTP 200 here, status code 404 there, `429`", []),
        ("after 300 seconds, 250 items or 400px, with 200% more and with 100.5", []),
        ("- 40: no\n- 4000: no\n- 999: no", []),
    ],
)
def test_statuses(text: str, codes: list[str]) -> None:
    assert [says.code for says in of(Status, text) if isinstance(says, Status)] == codes


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("`a` (≤255 chars)", Limit(field="a", most=255, unit="characters")),
        ("`a` holds up to 1,000 items", Limit(field="a", most=1000, unit="items")),
        ("`a` and `b` of at most 16_384 bytes", Limit(field="b", most=16384, unit="bytes")),
        ("`a`: max 5", Limit(field="a", most=5)),
        ("Wait. Up to 5 minutes", Limit(field="", most=5, unit="minutes")),
    ],
)
def test_limits(text: str, limit: Limit) -> None:
    assert of(Limit, text) == [limit]


def test_what_only_prose_says_is_no_claim() -> None:
    text = "until `status_code` is `succeeded`; `X-Id` is sent; a `RunCreate` with `a` (string, required); your handler answers 410"
    assert said(text) == []


PIECES = [*"`{}[]()|#-\"'\\/:.,$<> \n\t1x", "GET ", "curl ", "/v1/", "https://api.runflow.io", "```\n", "    ", "`a_b` is ", "≤5", "402"]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
@example("```\nGET /v1/runs")
@example("curl")
@example("---\n---\n- ")
def test_every_text_can_be_read_and_its_claims_are_on_its_lines(text: str) -> None:
    claims = read_claims(text)
    count = text.count("\n") + 1
    assert [claim for claim in claims if not 1 <= claim.line <= count] == []
    assert [hold(claim.says, REFERENCE) for claim in claims if not claim.sentence] == []


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize(
    "text",
    [
        "{" * 20_000,
        '{"a": ' * 5_000,
        "[" * 3_000 + "]" * 3_000,
        "curl '\n" * 500,
        "`a`, " * 5_000,
        "| `GET /v1/x` " * 3_000,
        "/v1/" * 5_000,
    ],
)
def test_what_nobody_writes_is_read_in_time(text: str) -> None:
    assert len(read_claims(text)) <= len(text)


DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://api.runflow.io/v1"}],
    "paths": {
        "/jobs": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["task"],
                                "properties": {
                                    "task": {"type": ["string", "null"], "maxLength": 10, "enum": ["a", "b"]},
                                    "many": {"type": "array", "maxItems": 3, "items": {"type": "string"}},
                                    "one": {},
                                    "two": {},
                                },
                                "oneOf": [{"required": ["one"]}, {"required": ["two"]}],
                            }
                        }
                    }
                },
                "responses": {
                    "2XX": {"content": {"application/json": {"schema": {"properties": {"id": {"const": "x"}}}}}},
                    "default": {"description": "anything"},
                },
            },
            "get": {"responses": {"200": {"description": "text", "content": {"text/plain": {}}}}},
        },
    },
}


@pytest.mark.parametrize(
    ("says", "standing"),
    [
        (Endpoint(path="/v1/jobs", method="POST"), Standing.HELD),
        (Endpoint(path="/v1/jobs", method="HEAD"), Standing.HELD),
        (Endpoint(path="/v1/jobs", query=("limit",)), Standing.CONTRADICTED),
        (Endpoint(path="/v1"), Standing.HELD),
        (Endpoint(path="/v1/other"), Standing.UNKNOWN),
        (Endpoint(path="/v1/other", host="api.runflow.io"), Standing.CONTRADICTED),
        (Endpoint(path="/v1/job"), Standing.CONTRADICTED),
        (Endpoint(path="/v1/jobs/completely/different/and/far/too/long/for/it"), Standing.CONTRADICTED),
        (Endpoint(path="/jobs", host="api.runflow.io"), Standing.HELD),
        (Example(endpoint=Endpoint(path="/v1/jobs", method="POST"), body=b'{"task": "a", "one": 1}'), Standing.HELD),
        (Example(endpoint=Endpoint(path="/v1/jobs", method="POST"), body=b'{"task": "a", "one": 1, "x": 1}'), Standing.CONTRADICTED),
        (Example(endpoint=Endpoint(path="/v1/jobs", method="POST"), body=b"a=1"), Standing.UNKNOWN),
        (Example(endpoint=Endpoint(path="/v1/jobs", method="POST"), body=b"[1]"), Standing.CONTRADICTED),
        (Example(endpoint=Endpoint(path="/v1/jobs", method="GET"), body=b"{}"), Standing.CONTRADICTED),
        (Example(endpoint=Endpoint(path="/v1/none", method="GET"), body=b"{}"), Standing.UNKNOWN),
        (Keys(names=("id",), side=Side.ANSWER, endpoint=Endpoint(path="/v1/jobs", method="POST")), Standing.HELD),
        (Keys(names=("id",), side=Side.ANSWER, endpoint=Endpoint(path="/v1/jobs", method="GET")), Standing.UNKNOWN),
        (Keys(names=("id",), side=Side.REQUEST, endpoint=Endpoint(path="/v1/none", method="GET")), Standing.UNKNOWN),
        (Keys(names=("id",), side=Side.ERROR), Standing.UNKNOWN),
        (Header(name="Authorization", value="Bearer x", endpoint=RUNS), Standing.UNKNOWN),
        (Header(name="Content-Type", value="text/xml", endpoint=RUNS), Standing.UNKNOWN),
        (Header(name="X-Api-Key", value="x", endpoint=Endpoint(path="/v1/jobs", method="POST")), Standing.UNKNOWN),
        (Limit(field="task", most=10), Standing.HELD),
        (Limit(field="many", most=4, unit="items"), Standing.UNKNOWN),
        (Limit(field="many", most=4, unit="items", endpoint=Endpoint(path="/v1/jobs", method="POST")), Standing.CONTRADICTED),
        (Endpoint(path="/docs", host="api.runflow.io"), Standing.UNKNOWN),
        (Keys(names=("url",), side=Side.ANSWER, endpoint=Endpoint(path="/v1/jobs", method="POST")), Standing.UNKNOWN),
        (Keys(names=("id", "url"), side=Side.ANSWER, endpoint=Endpoint(path="/v1/jobs", method="POST")), Standing.CONTRADICTED),
        (Limit(field="many", most=4, unit="characters"), Standing.UNKNOWN),
    ],
    ids=str,
)
def test_statement_is_held_against_a_small_document(says: Statement, standing: Standing) -> None:
    assert hold(says, Reference(Contract(DOCUMENT))).standing is standing


def test_document_without_servers_or_components_can_judge() -> None:
    bare = Reference(Contract({"openapi": "3.1.0", "paths": {"/v1/jobs": {"get": {"responses": {}}}}}))
    assert hold(Endpoint(path="/v1/jobs", method="GET"), bare).standing is Standing.HELD
    assert hold(Status(code="200"), bare).standing is Standing.CONTRADICTED


def test_schema_that_leads_to_itself_comes_to_an_end() -> None:
    looped = {"allOf": [{"$ref": "#/components/schemas/Loop"}], "properties": {"a": {"type": "string"}}}
    document: dict[str, Any] = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"Loop": looped}}}
    reference = Reference(Contract(document))
    assert list(reference.members(("components", "schemas", "Loop"))) == ["a"]
