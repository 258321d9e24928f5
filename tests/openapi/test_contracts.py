import pytest

from runflow_mock.domain.documents import read_document
from runflow_mock.openapi.contracts import Contract, packaged_contract
from runflow_mock.openapi.explanations import schema_errors
from runflow_mock.openapi.nearest_routes import nearest_route

OWN: dict[str, object] = {
    "openapi": "3.1.0",
    "paths": {
        "/v1/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {"responses": {"200": {"$ref": "#/components/responses/Thing"}}},
        },
        "/v1/things/all": {"get": {"operationId": "all_things", "responses": {}}},
    },
    "components": {"responses": {"Thing": {"content": {"application/json": {"schema": {"type": "object"}}, "text/plain": {}}}}},
}


@pytest.mark.parametrize(
    ("path", "known", "params"),
    [
        ("/v1/runs/statuses", "/v1/runs/statuses", {}),
        ("/v1/runs/abc", "/v1/runs/{id}", {"id": "abc"}),
        ("/v1/models/a/b/c/runs", "/v1/models/{model_id}/runs", {"model_id": "a/b/c"}),
        ("/v1/models/a%2Fb/runs", "/v1/models/{model_id}/runs", {"model_id": "a/b"}),
        ("/v1/models/a/b/inputs/7", "/v1/models/{model_id}/inputs/{id}", {"model_id": "a/b", "id": "7"}),
        ("/v1/comfyui-workflows/abc/inputs", "/v1/comfyui-workflows/{comfyui_workflow_id}/inputs", {"comfyui_workflow_id": "abc"}),
    ],
)
def test_path_leads_to_the_most_particular_path_of_the_document(path: str, known: str, params: dict[str, str]) -> None:
    addressed = packaged_contract().address(path)
    assert addressed is not None
    assert (addressed.path, dict(addressed.params)) == (known, params)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/runs/", "/v1/runs/a/b/c", "/runs", "/v1/nothing"])
def test_path_that_the_document_does_not_have_leads_nowhere(path: str) -> None:
    assert packaged_contract().address(path) is None


def test_head_is_get_and_other_methods_are_no_operation() -> None:
    contract = packaged_contract()
    head = contract.operation("/v1/runs/{id}", "HEAD")
    assert head is not None
    assert head.id == "get_run"
    assert contract.operation("/v1/runs/{id}", "DELETE") is None


def test_every_operation_of_the_contract_can_be_declared_and_its_schemas_compiled() -> None:
    contract, count = packaged_contract(), 0
    for path in contract.paths:
        for method in contract.methods_of(path):
            declared = contract.operation(path, method)
            assert declared is not None
            schemas = [parameter.schema for parameter in declared.parameters]
            schemas += [schema for contents in (declared.body, *declared.responses.values()) for schema in contents.values()]
            for schema in schemas:
                tuple(schema_errors(contract, schema, "no such value"))
            count += 1
    assert count > 80


def test_document_of_a_user_is_as_good_as_the_packaged_one() -> None:
    contract = Contract(OWN)  # type: ignore[arg-type]
    addressed = contract.address("/v1/things/7")
    assert addressed is not None
    declared = contract.operation(addressed.path, "GET")
    assert declared is not None
    assert (declared.id, declared.evidence, [parameter.name for parameter in declared.parameters]) == (
        "GET /v1/things/{id}",
        "documented",
        ["id"],
    )
    assert not list(schema_errors(contract, declared.responses["200"]["text/plain"], 7))
    assert [error.rule for error in schema_errors(contract, declared.responses["200"]["application/json"], 7)] == ["type"]


@pytest.mark.parametrize("depth", [255, 256, 300, 900])
def test_error_is_told_of_a_value_however_deeply_it_is_nested(depth: int) -> None:
    contract = packaged_contract()
    declared = contract.operation("/v1/runs/{id}", "GET")
    assert declared is not None
    (error,) = schema_errors(contract, declared.responses["200"]["application/json"], read_document(b"[" * depth + b"]" * depth))
    assert error.rule == ("type" if depth == 255 else "schema")


def test_errors_never_repeat_the_value() -> None:
    contract = packaged_contract()
    declared = contract.operation("/v1/webhooks", "POST")
    assert declared is not None
    body = {"url": "https://x.example", "secret": "rf_whsec_" + "s" * 300}
    (error,) = schema_errors(contract, declared.body["application/json"], body)  # type: ignore[arg-type]
    assert "rf_whsec" not in error.message


@pytest.mark.parametrize(
    ("method", "path", "nearest"),
    [
        ("POST", "/models/a/b/runs", "POST /v1/models/{model_id}/runs"),
        ("POST", "/v1/models/a/b/c/run", "POST /v1/models/{model_id}/runs"),
        ("GET", "/v1/run/019b", "GET /v1/runs/{id}"),
        ("GET", "/v1/runs/x/log", "GET /v1/runs/{run_id}/logs"),
        ("POST", "/v1/batch", "POST /v1/batches"),
        ("GET", "/v2/runs/abc", "GET /v1/runs/{id}"),
    ],
)
def test_nearest_route_is_the_one_that_was_meant(method: str, path: str, nearest: str) -> None:
    assert nearest_route(packaged_contract(), method, path) == nearest


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/a/b/c/d/e/f", "/" + "x/" * 500])
def test_what_looks_like_nothing_has_no_nearest_route(path: str) -> None:
    assert nearest_route(packaged_contract(), "GET", path) is None
