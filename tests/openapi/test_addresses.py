"""Where a path leads, of all paths of a document that begin alike or in no fixed way."""

import pytest

from runflow_mock.openapi.addresses import Addresses, unnamed

METHODS = {
    "/v1/runs/latest": {"GET": "get"},
    "/v1/runs/{id}": {"GET": "get"},
    "/v1/runs/{id}/logs": {"GET": "get"},
    "/v1/{kind}/latest": {"GET": "get", "POST": "post"},
    "/{version}/runs/latest": {"PUT": "put"},
    "/%76%31/old": {"GET": "get"},
    "/health": {"GET": "get"},
    "/v1/files/{id}": {"GET": "get"},
    "/v1/files/{name}.wav": {"GET": "get"},
    "/v1/a%2Fb/{kind/of}": {"GET": "get"},
    "/{rest}": {"GET": "get"},
}
SPANNING = {path: frozenset({"rest"} if "{rest}" in path else ()) for path in METHODS}
ADDRESSES = Addresses({path: {} for path in METHODS}, METHODS, SPANNING, keeps_slashes=True)


@pytest.mark.parametrize(
    ("asked", "method", "found"),
    [
        ("/v1/runs/latest", "GET", "/v1/runs/latest"),
        ("/v1/runs/7", "GET", "/v1/runs/{id}"),
        ("/v1/runs/7/logs", "GET", "/v1/runs/{id}/logs"),
        ("/v1/runs/a%2Fb", "GET", "/v1/runs/{id}"),
        ("/v1/%72uns/7", "GET", "/v1/runs/{id}"),
        ("/v1/jobs/latest", "GET", "/v1/{kind}/latest"),
        ("/v1/runs/latest", "POST", "/v1/{kind}/latest"),
        ("/v1/runs/latest", "PUT", "/{version}/runs/latest"),
        ("/v2/runs/latest", "PUT", "/{version}/runs/latest"),
        ("/v1/old", "GET", "/%76%31/old"),
        ("/health", "GET", "/health"),
        ("/v1/files/7.wav", "GET", "/v1/files/{name}.wav"),
        ("/v1/files/7.ogg", "GET", "/v1/files/{id}"),
        ("/v1/a/b/7", "GET", "/v1/a%2Fb/{kind/of}"),
        ("/any/thing/else", "GET", "/{rest}"),
    ],
)
def test_path_leads_to_what_fits_best_of_all_that_fit(asked: str, method: str, found: str) -> None:
    addressed = ADDRESSES.find(asked, method)
    assert addressed is not None
    assert addressed.path == found


def test_path_that_fits_none_leads_nowhere() -> None:
    assert ADDRESSES.find("", "GET") is None


@pytest.mark.parametrize("name", ["id", "run id", "model/id", "a.b"])
def test_whatever_is_no_brace_may_be_in_the_name_of_a_parameter(name: str) -> None:
    assert unnamed(f"/v1/runs/{{{name}}}.json") == "/v1/runs/{}.json"
