"""What others write is read as what it means."""

from copy import deepcopy
from typing import Any

import pytest
from foreign import contract, form_of

from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.foreign_documents import DocumentError
from runflow_mock.openapi.parts import ALSO_AT


def in_our_form(given: Any, files: Any = None) -> dict[str, Any]:
    return form_of(given, files=files).document


def problems(given: Any, files: Any = None) -> list[str]:
    return [str(problem) for problem in contract(given, files=files).problems]


def document(**parts: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": {"/runs": {"get": {}}}, **parts}


@pytest.mark.parametrize(
    ("servers", "path"),
    [
        ([{"url": "https://api.example.com/v1"}], "/v1/runs"),
        ([{"url": "https://api.example.com/v1/"}, {"url": "/v2"}], "/v1/runs"),
        ([{"url": "/v1"}], "/v1/runs"),
        ([{"url": "https://api.example.com"}], "/runs"),
        ([{"url": "https://api.example.com/{version}"}], "/runs"),
        ([], "/runs"),
        ([{}], "/runs"),
        ("no list", "/runs"),
    ],
)
def test_path_begins_with_that_of_the_server(servers: Any, path: str) -> None:
    assert list(in_our_form(document(servers=servers))["paths"]) == [path]


def test_document_whose_paths_are_whole_is_left_as_it_is() -> None:
    assert in_our_form(document(servers=[{"url": "https://api.example.com"}])) == document(servers=[{"url": "https://api.example.com"}])


def test_references_lead_to_where_the_paths_are() -> None:
    operation = {
        "parameters": [{"name": "p", "in": "query"}],
        "responses": {"200": {"links": {"a": {"operationRef": "#/paths/~1runs/get"}}}},
    }
    given = document(
        servers=[{"url": "https://api.example.com/v1"}],
        paths={"/runs": {"get": operation, "post": {"parameters": [{"$ref": "#/paths/~1runs/get/parameters/0"}]}}},
    )
    moved = in_our_form(given)
    item = moved["paths"]["/v1/runs"]
    assert moved["servers"] == [{"url": "https://api.example.com"}]
    assert item["post"]["parameters"] == [{"$ref": "#/paths/~1v1~1runs/get/parameters/0"}]
    assert item["get"]["responses"]["200"]["links"] == {"a": {"operationRef": "#/paths/~1v1~1runs/get"}}


def test_path_item_that_is_kept_elsewhere_stands_in_its_place() -> None:
    item = {"get": {"operationId": "list"}}
    given = document(paths={"/runs": {"$ref": "#/components/pathItems/Runs", "post": {}}}, components={"pathItems": {"Runs": item}})
    assert in_our_form(given)["paths"] == {"/runs": {**item, "post": {}}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"allOf": [{"title": "x"}], "nullable": True}, {"anyOf": [{"allOf": [{"title": "x"}]}, {"type": "null"}]}),
        (
            {"type": "object", "nullable": True, "readOnly": True, "title": "x", "default": {}, "oneOf": [{}]},
            {"readOnly": True, "title": "x", "default": {}, "anyOf": [{"type": "object", "oneOf": [{}]}, {"type": "null"}]},
        ),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 1}),
        ({"type": "integer", "maximum": 9, "exclusiveMaximum": False}, {"type": "integer", "maximum": 9}),
        ({"properties": {"nullable": {"type": "boolean"}}}, {"properties": {"nullable": {"type": "boolean"}}}),
    ],
)
def test_what_openapi_3_0_says_otherwise_is_said_as_3_1_does(old: Any, new: Any) -> None:
    read = in_our_form({**document(components={"schemas": {"X": old}}), "openapi": "3.0.3"})
    assert (read["openapi"], read["components"]["schemas"]["X"]) == ("3.1.0", new)


def test_null_of_3_0_says_nothing_in_3_1() -> None:
    schema = {"type": "string", "nullable": True}
    assert in_our_form(document(components={"schemas": {"X": schema}}))["components"]["schemas"]["X"] == schema


def test_values_that_are_no_schemas_stay_as_they_are() -> None:
    """An example may look like a schema, or like a reference."""
    odd = {"nullable": True, "$ref": "#/nowhere", "exclusiveMinimum": True, "minimum": 1}
    schema = {
        "type": "object",
        "properties": {"example": {"type": "string", "nullable": True}},
        "example": odd,
        "default": odd,
        "enum": [odd],
    }
    content = {"application/json": {"schema": schema, "example": odd, "examples": {"a": {"value": odd}}, "x-own": odd}}
    given = {**document(paths={"/x": {"post": {"requestBody": {"content": content}}}}), "openapi": "3.0.3"}
    read = in_our_form(given)["paths"]["/x"]["post"]["requestBody"]["content"]["application/json"]
    assert problems(given) == []
    assert (read["example"], read["examples"], read["x-own"]) == (odd, {"a": {"value": odd}}, odd)
    assert (read["schema"]["example"], read["schema"]["default"], read["schema"]["enum"]) == (odd, odd, [odd])
    assert read["schema"]["properties"]["example"] == {"type": ["string", "null"]}


def test_values_given_stay_as_they_are() -> None:
    given = document(servers=[{"url": "/v1"}], components={"schemas": {"X": {"exclusiveMinimum": True}}})
    before = repr(given)
    in_our_form(given)
    assert repr(given) == before


V1 = {"url": "https://api.example.com/{version}", "variables": {"version": {"default": "v1", "enum": ["v1", "v2"]}}}


@pytest.mark.parametrize(
    ("servers", "path", "others"),
    [
        ([V1], "/v1/runs", ["/v2/runs"]),
        ([{"url": "https://{host}/{version}", "variables": {"host": {"default": "x.y"}, "version": {"default": "v1"}}}], "/v1/runs", None),
        ([{"url": "https://api.example.com/{base}", "variables": {"base": {"default": "api/v1"}}}], "/api/v1/runs", None),
        ([{"url": "https://api.example.com:{port}/v1", "variables": {"port": {"default": 443, "enum": [443, 8443]}}}], "/v1/runs", None),
        ([{"url": "https://staging.example.com"}, {"url": "https://api.example.com/v1"}], "/v1/runs", ["/runs"]),
        ([{"url": "https://api.example.com/v9"}, {"url": "https://api.example.com/v8"}], "/v9/runs", ["/v8/runs"]),
        ([{"url": "v1"}], "/v1/runs", None),
        ([{"url": "."}], "/runs", None),
        ([{"url": "//api.example.com/v1"}], "/v1/runs", None),
        ([{"url": "https://[::1/v1"}], "/runs", None),
        ([{"url": None}], "/runs", None),
    ],
)
def test_operation_is_below_each_of_its_servers(servers: Any, path: str, others: list[str] | None) -> None:
    paths = in_our_form(document(servers=servers))["paths"]
    assert (list(paths), paths[path].get(ALSO_AT)) == ([path], others)
    for asked in (path, *(others or ())):
        addressed = contract(document(servers=servers)).address(asked)
        assert addressed is not None
        assert addressed.path == path


def test_server_of_an_operation_wins_over_that_of_its_path_and_that_over_the_documents() -> None:
    given = document(
        servers=[{"url": "/a"}],
        paths={"/x": {"servers": [{"url": "/b"}], "get": {"servers": [{"url": "/c"}]}, "put": {}, "summary": "s"}, "/y": {"get": {}}},
    )
    assert in_our_form(given)["paths"] == {"/c/x": {"get": {}, "summary": "s"}, "/b/x": {"put": {}, "summary": "s"}, "/a/y": {"get": {}}}


def test_server_that_does_not_say_its_variable_is_told() -> None:
    servers = [{"url": "https://x.y/{version}"}]
    assert problems(document(servers=servers)) == ["own.json: #/servers/0: its variable version has no default"]
    within = {"/a": {"servers": servers, "get": {}}, "/b": {"get": {"servers": servers}, "post": {"servers": {}}}}
    assert problems(document(paths=within)) == [
        "own.json: #/paths/~1a/servers/0: its variable version has no default",
        "own.json: #/paths/~1b/get/servers/0: its variable version has no default",
        "own.json: #/paths/~1b/post/servers: servers is not a list",
    ]


def test_operation_that_is_kept_in_another_file_stands_in_its_place() -> None:
    files = {
        "ops.yaml": "get: {parameters: [{$ref: 'parts.yaml#/limit'}]}\n",
        "parts.yaml": "limit: {name: limit, in: query}\n",
    }
    given = document(paths={"/runs": {"$ref": "ops.yaml"}, "/others": {"get": {"$ref": "./ops.yaml#/get"}}})
    judge = contract(given, files=files)
    assert judge.problems == ()
    assert [(each.path, [part.name for part in each.parameters]) for each in judge.operations] == [
        ("/runs", ["limit"]),
        ("/others", ["limit"]),
    ]


def test_maps_and_lists_that_are_kept_elsewhere_as_a_whole_are_read() -> None:
    files = {
        "paths.yaml": "/runs: {get: {parameters: {$ref: 'list.yaml'}, responses: {$ref: 'answers.yaml'}}}\n",
        "list.yaml": "[{name: limit, in: query, schema: {type: integer}}]\n",
        "answers.yaml": "200: {description: Well., content: {application/json: {schema: {$ref: 'schemas.yaml#/Run'}}}}\n",
        "schemas.yaml": "Run: {type: object, properties: {next: {$ref: '#/Run'}, other: {$ref: 'own.yaml#/components/schemas/Other'}}}\n",
        "own.yaml": "components: {schemas: {Other: {type: string}}}\n",
    }
    judge = contract(
        {"openapi": "3.1.0", "paths": {"$ref": "paths.yaml"}, "components": {"schemas": {"$ref": "schemas.yaml"}}}, files=files
    )
    (declared,) = judge.operations
    assert (judge.problems, [part.name for part in declared.parameters]) == ((), ["limit"])
    schema = declared.responses["200"]["application/json"]
    assert judge.allows(schema, {"next": {"next": {"other": "x"}}})
    assert not judge.allows(schema, {"next": {"next": {"other": 1}}})


WRONG: list[dict[str, Any]] = [{"a": "x"}, {"b": 1}, {"n": 1}]


def test_anchors_and_ids_are_found() -> None:
    schemas = {
        "A": {"$anchor": "a", "type": "integer"},
        "B": {"$id": "https://example.com/b.json", "type": "string"},
        "C": {"properties": {"a": {"$ref": "#a"}, "b": {"$ref": "https://example.com/b.json"}, "n": {"$dynamicRef": "#n"}}},
        "N": {"$dynamicAnchor": "n", "type": "null"},
    }
    judge = contract(document(components={"schemas": schemas}))
    way = ("components", "schemas", "C")
    assert judge.problems == ()
    assert judge.allows(way, {"a": 1, "b": "x", "n": None})
    assert [judge.allows(way, wrong) for wrong in WRONG] == [False, False, False]


P = {"name": "p", "in": "query"}
GET = {"responses": {"200": {"description": "Well."}}}


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ({"get": {"$ref": "ops.yaml"}}, "#/paths/~1x/get: $ref 'ops.yaml': ops.yaml cannot be read: there is none"),
        ({"$ref": "#/components/pathItems/Gone"}, "#/paths/~1x: $ref '#/components/pathItems/Gone' leads nowhere"),
        ({"get": {**GET, "parameters": [{"$ref": "#/paths/~1y/get/parameters/3"}]}}, "#/paths/~1x/get/parameters/0: $ref "),
        ({"get": {**GET, "parameters": [{"$ref": "#/paths/~1y/get/parameters/-1"}]}}, "#/paths/~1x/get/parameters/0: $ref "),
        ({"get": {**GET, "parameters": [{"$ref": "#/info/title"}]}}, "#/paths/~1x/get/parameters/0: $ref "),
        ({"get": {**GET, "parameters": {"$ref": "#/gone"}}}, "#/paths/~1x/get/parameters: $ref '#/gone': leads nowhere"),
        ({"get": {**GET, "requestBody": {"$ref": "#/components/requestBodies/Gone"}}}, "#/paths/~1x/get/requestBody: $ref "),
        ({"get": {"responses": {"200": {"$ref": "#/components/responses/Gone"}}}}, "#/paths/~1x/get/responses/200: $ref "),
        ({"get": {"responses": {"200": {"headers": {"X": {"$ref": "#/gone"}}}}}}, "#/paths/~1x/get/responses/200/headers/X: $ref "),
        ({"get": {**GET, "callbacks": {"done": {"$ref": "#/gone"}}}}, "#/paths/~1x/get/callbacks/done: $ref '#/gone' leads nowhere"),
        (
            {"get": {**GET, "parameters": [{"name": "p", "in": "query", "schema": {"$ref": "#Gone"}}]}},
            "#/paths/~1x/get/parameters/0/schema: ",
        ),
        ({"get": {**GET, "parameters": [{"name": "p", "in": "body"}]}}, "#/paths/~1x/get/parameters/0/in: 'body' is none of "),
        (
            {"get": {**GET, "parameters": [{"name": "p", "in": "query", "style": "csv"}]}},
            "#/paths/~1x/get/parameters/0/style: 'csv' is no ",
        ),
        ({"get": {**GET, "parameters": [{"name": "q", "in": "path"}]}}, "#/paths/~1x/get/parameters/0/name: /x has no {q}"),
        ({"get": {**GET, "parameters": "none"}}, "#/paths/~1x/get/parameters: parameters is not a list"),
        ({"get": "text"}, "#/paths/~1x/get: an operation is an object, and this is none"),
        ({"get": {"responses": {"ok": {"description": "x"}}}}, "#/paths/~1x/get/responses/ok: a status is written as "),
        ({"query": GET}, "#/paths/~1x/query: operations of OpenAPI 3.2 stand in a document of another version"),
    ],
)
def test_part_that_cannot_be_understood_is_told_and_stops_nothing(item: dict[str, Any], told: str) -> None:
    given = document(paths={"/x": item, "/y": {"get": {**GET, "parameters": [{"name": "p", "in": "query"}]}}})
    (problem,) = problems(given)
    assert problem.startswith(f"own.json: {told}")
    assert "GET /y" in [declared.id for declared in contract(given).operations]


@pytest.mark.parametrize(
    ("keyword", "schema"),
    [
        ("exclusiveMinimum", {"type": "number", "minimum": 0, "exclusiveMinimum": True}),
        ("type", {"type": "strin", "minimum": 0}),
        ("required", {"required": True, "minimum": 0}),
        ("properties", {"properties": [], "minimum": 0}),
        ("items", {"items": [{"type": "string"}], "minimum": 0}),
        ("minLength", {"minLength": -1, "minimum": 0}),
        ("multipleOf", {"multipleOf": 0, "minimum": 0}),
        ("enum", {"enum": "a", "minimum": 0}),
        ("pattern", {"pattern": "(?P<", "minimum": 0}),
    ],
)
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_keyword_that_no_validator_understands_is_told_and_the_rest_is_judged(keyword: str, schema: dict[str, Any], depth: int) -> None:
    way, value, wrapped = "", -1, schema
    for _ in range(depth):
        wrapped, way, value = {"properties": {"a": wrapped}}, f"/properties/a{way}", {"a": value}  # type: ignore[assignment]
    given = document(components={"schemas": {"X": wrapped}})
    (problem,) = problems(given)
    assert problem.startswith(f"own.json: #/components/schemas/X{way}/{keyword}: {keyword} ")
    assert not contract(given).allows(("components", "schemas", "X"), value)


def test_name_that_is_required_twice_is_required() -> None:
    judge = contract(document(components={"schemas": {"X": {"required": ["a", "a"]}}}))
    assert (judge.problems, judge.allows(("components", "schemas", "X"), {})) == ((), False)


@pytest.mark.parametrize("names", [("A",), ("A", "B"), ("A", "B", "C")])
def test_references_that_lead_back_to_themselves_are_told(names: tuple[str, ...]) -> None:
    following = dict(zip(names, (*names[1:], names[0]), strict=True))
    given = document(components={"schemas": {name: {"$ref": f"#/components/schemas/{other}"} for name, other in following.items()}})
    (problem,) = problems(given)
    assert problem.endswith("$ref leads back to itself")
    assert contract(given).allows(("components", "schemas", "A"), 1)


def test_operations_of_one_name_are_told_apart() -> None:
    item = {method: {"operationId": "same", **GET} for method in ("get", "post")}
    given = document(paths={"/x": item, "/y": {"get": {"operationId": "other", **GET}}})
    assert [declared.id for declared in contract(given).operations] == ["GET /x", "POST /x", "other"]
    assert problems(given) == ["own.json: #/paths: 2 operations are called same; each goes by its method and path"]


@pytest.mark.parametrize("path", ["x-owner", "runs", "/runs#second", "/runs?kind=a"])
def test_what_is_no_path_is_told_unless_it_is_an_extension(path: str) -> None:
    given = document(paths={"/runs": {"get": GET}, path: "text" if path == "x-owner" else {"get": GET}})
    assert list(in_our_form(given)["paths"]) == ["/runs"]
    assert len(problems(given)) == (path != "x-owner")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"swagger": "2.0", "paths": {}}, "own.json is a document of Swagger 2.0, .* convert it to OpenAPI 3 first"),
        ({"openapi": "2.0"}, "own.json is no OpenAPI 3 document: it says openapi: 2.0"),
        ([], "own.json is no OpenAPI 3 document: it says openapi: nothing"),
        ({"openapi": "3.1.0"}, "own.json declares no paths"),
        ({"openapi": "3.1.0", "paths": []}, "own.json declares no paths"),
        ({"openapi": "3.1.0", "paths": {}}, "own.json holds no operations"),
        ({"openapi": "3.1.0", "paths": {"/x": {"get": 5}}}, "own.json: #/paths/~1x/get: an operation is an object"),
        ({"openapi": "3.1.0", "paths": {"/x": {"$ref": "gone.yaml"}}}, "own.json: #/paths/~1x: .ref 'gone.yaml': gone.yaml cannot be read"),
    ],
)
def test_document_of_which_nothing_can_be_used_is_refused(given: Any, says: str) -> None:
    with pytest.raises(DocumentError, match=f"^{says}"):
        in_our_form(given)


def test_parameter_of_an_operation_takes_the_place_of_that_of_its_path() -> None:
    shared = [{"name": "X-Limit", "in": "header", "required": True, "schema": {"type": "string"}}, {"name": "a", "in": "query"}]
    own = [{"name": "x-limit", "in": "header", "schema": {"type": "integer"}}, {"name": "a", "in": "cookie"}]
    (declared,) = contract(document(paths={"/x": {"parameters": shared, "get": {"parameters": own, **GET}}})).operations
    assert [(each.place, each.name, each.is_required) for each in declared.parameters] == [
        ("header", "x-limit", False),
        ("query", "a", False),
        ("cookie", "a", False),
    ]


def at(judge: Contract, path: str, method: str) -> str | None:
    addressed = judge.address(path, method)
    return None if addressed is None else addressed.path


def test_path_that_takes_the_method_is_meant() -> None:
    judge = contract(document(paths={"/x/{id}": {"delete": GET}, "/x/mine": {"get": GET}}))
    assert (at(judge, "/x/mine", "GET"), at(judge, "/x/mine", "DELETE"), at(judge, "/x/mine", "PUT")) == ("/x/mine", "/x/{id}", "/x/mine")


HARMLESS = {"200": {"description": "Well."}}
WHOLE_DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {},
    "servers": [{"url": "/{v}", "variables": {"v": {"default": "v1", "enum": ["v1"]}}}],
    "paths": {
        "/x/{id}": {
            "servers": [{"url": "/z"}],
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "post": {
                "parameters": [{"name": "q", "in": "query", "style": "deepObject", "explode": True, "schema": {"type": "object"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S"}, "encoding": {"a": {}}}}},
                "responses": {**HARMLESS, "404": {"description": "None.", "content": {"application/json": {}}, "headers": {"H": {}}}},
                "callbacks": {"done": {"{$request.body#/u}": {"post": {"responses": HARMLESS}}}},
            },
        },
        "/other": {"get": {"responses": HARMLESS}},
    },
    "components": {"schemas": {"S": {"$id": "s", "required": ["a"], "properties": {"a": {"readOnly": True}}, "allOf": [{"if": {}}]}}},
}


def ways(part: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return [(*way, word) for word, _ in inner] + [below for word, each in inner for below in ways(each, (*way, word))]


def operations_of(given: Any) -> int:
    """How many operations can be used; none of a document that is refused."""
    try:
        return len(contract(given).operations)
    except DocumentError:
        return 0


@pytest.mark.slow(is_covering=True)
@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [None], {"$ref": 5}], ids=str)
def test_value_of_another_form_is_told_wherever_it_stands_and_no_traceback(value: Any) -> None:
    for way in ways(WHOLE_DOCUMENT):
        given = deepcopy(WHOLE_DOCUMENT)
        part = given
        for word in way[:-1]:
            part = part[word]
        part[way[-1]] = value
        assert operations_of(given) or way[0] in ("openapi", "paths"), way


def test_servers_that_are_no_list_are_told() -> None:
    assert problems(document(servers=5)) == ["own.json: #/servers: servers is not a list"]


def linked(link: Any, **parts: Any) -> dict[str, Any]:
    answer = {"description": "Well.", "links": {"next": link}}
    items = {"/x": {"get": {"responses": {"200": answer}}}, "/runs/{id}": {"$ref": "#/components/pathItems/Run"}}
    kept = {"Run": {"get": {"operationId": "readRun", "responses": {"200": {"description": "Well."}}}}}
    components = {"pathItems": kept, **parts}
    return {"openapi": "3.1.0", "info": {}, "paths": items, "components": components}


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ({"operationId": "readRun"}, []),
        ({"operationRef": "#/paths/~1runs~1%7Bid%7D/get"}, []),
        ({"operationRef": "other.yaml#/paths/~1x/get"}, []),
        ({"operationId": "gone"}, ["no operation is called 'gone'"]),
        ({"operationRef": "#/paths/~1x/put"}, ["operationRef '#/paths/~1x/put' leads nowhere"]),
        ({}, ["a link has operationId or operationRef, and this has none"]),
        ({"operationId": "readRun", "operationRef": "#/paths/~1x/get"}, ["a link has operationId or operationRef, and this has both"]),
        ({"$ref": "#/components/links/Gone"}, ["$ref '#/components/links/Gone' leads nowhere"]),
        (5, ["a link is an object, and this is none"]),
    ],
)
def test_link_that_leads_nowhere_is_told(link: Any, says: list[str]) -> None:
    place = "own.json: #/paths/~1x/get/responses/200/links/next: "
    assert problems(linked(link)) == [f"{place}{each}" for each in says]


WELL = {"responses": {"200": {"description": "Well."}}}
KEPT = {"post": {"operationId": "kept", **WELL}}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("told", {"webhooks": {"done": {"post": {"operationId": "told", **WELL}}}}),
        ("called", {"paths": {"/y": {"get": {"callbacks": {"done": {"{$url}": {"post": {"operationId": "called"}}}}}}}}),
        ("kept", {"paths": {"/y": {"get": {"callbacks": {"done": {"$ref": "kept.json"}}}}}}),
        ("streamed", {"paths": {"/y": {"post": WELL}, "/y#stream": {"post": {"operationId": "streamed", **WELL}}}}),
        ("streamed", {"paths": {"/y?stream": {"post": {"operationId": "streamed", **WELL}}}}),
    ],
)
def test_link_leads_to_operations_wherever_a_document_has_them(name: str, parts: dict[str, Any]) -> None:
    def stray(link: Any) -> list[str]:
        given = linked(link)
        given = {**given, **parts, "paths": {**given["paths"], **parts.get("paths", {})}}
        found = form_of(given, files={"kept.json": {"{$url}": KEPT}}).problems
        return [problem.says for problem in found if "/links/" in problem.place]

    assert stray({"operationId": name}) == []
    assert stray({"operationId": "gone"}) == ["no operation is called 'gone'"]


def test_link_to_a_description_with_a_fragment_in_its_path_leads_there() -> None:
    given = linked({"operationRef": "#/paths/~1runs%23stream/post"})
    given["paths"]["/runs#stream"] = {"post": WELL}
    assert [problem for problem in problems(given) if "/links/" in problem] == []


def test_extensions_beside_links_are_no_links() -> None:
    given = linked({"operationId": "readRun"})
    answers = given["paths"]["/x"]["get"]["responses"]
    answers["200"]["links"]["x-note"] = {"a": 1}
    answers["x-note"] = {"links": {"a": {}}}
    assert problems(given) == []


def test_link_among_components_that_leads_nowhere_is_told() -> None:
    gone = {"operationId": "gone"}
    parts = {"links": {"A": gone}, "responses": {"B": {"description": "Well.", "links": {"c": gone}}}}
    places = ("components/links/A", "components/responses/B/links/c")
    assert problems(linked({"$ref": "#/components/links/A"}, **parts)) == [
        f"own.json: #/{place}: no operation is called 'gone'" for place in places
    ]


@pytest.mark.parametrize(
    ("dialect", "is_told"),
    [
        ("https://json-schema.org/draft/2020-12/schema", False),
        ("https://spec.openapis.org/oas/3.1/dialect/base", False),
        ("http://json-schema.org/draft-07/schema#", True),
        ("https://own.example/dialect", True),
        (5, True),
    ],
)
def test_dialect_that_is_read_as_another_is_told(dialect: Any, is_told: bool) -> None:
    schema = {"$schema": dialect, "type": "string"}
    given = document(jsonSchemaDialect=dialect, components={"schemas": {"T": schema}})
    told = f"schemas are read as JSON Schema 2020-12, whatever else that means by {str(dialect)!r}"
    expected = [f"own.json: #/{place}: {told}" for place in ("components/schemas/T/$schema", "jsonSchemaDialect")]
    assert problems(given) == (expected if is_told else [])


def test_link_to_what_may_be_in_a_file_that_cannot_be_read_is_not_told() -> None:
    given = linked({"operationId": "elsewhere"})
    given["paths"]["/y"] = {"$ref": "gone.yaml"}
    assert [problem.split(": ")[1] for problem in problems(given)] == ["#/paths/~1y"]
