"""Routing: how a path leads to an operation, however many there are."""

import pytest

from runflow_mock.web.routing import Operation, Router


def _nothing() -> None:
    """What handles these operations."""


PATHS = ("/v1/runs", "/v1/runs/statuses", "/v1/runs/{id}", "/v1/runs/{run_id}/logs", "/v1/models/{model_id...}/runs", "/{page}")
ROUTER = Router(Operation(id=path, method="GET", path=path.replace("{run_id}", "{id}"), handler=_nothing, spans_min=1) for path in PATHS)


@pytest.mark.parametrize(
    ("path", "operation", "params"),
    [
        ("/v1/runs", "/v1/runs", {}),
        ("/v1/runs/7", "/v1/runs/{id}", {"id": "7"}),
        ("/v1/runs/statuses", "/v1/runs/statuses", {}),
        ("/v1/runs/", None, {}),
        ("/v1/runs/7/", None, {}),
        ("/v1/runs//logs", None, {}),
        ("/v1/runs/7/logs", "/v1/runs/{run_id}/logs", {"id": "7"}),
        ("/v1/runs/7/nothing", None, {}),
        ("/v1/models/runflow/upscale/runs", "/v1/models/{model_id...}/runs", {"model_id": "runflow/upscale"}),
        ("/about", "/{page}", {"page": "about"}),
        ("/", None, {}),
        ("", None, {}),
        ("about", None, {}),
    ],
)
def test_path_leads_to_one_operation_or_none(path: str, operation: str | None, params: dict[str, str]) -> None:
    match = ROUTER.match(path)
    found = None if match is None else match.operations["GET"].id
    assert (found, {} if match is None else match.params) == (operation, params)
