import json
import re

import pytest
from contract import DOCUMENT, document, fits
from doors import Door
from steps import problem
from walks import fixed_reads

from runflow_mock.packaged import VIEWER_FILES
from runflow_mock.web.operations import API_OPERATIONS

VIEWER = DOCUMENT.parent.parent / "fixtures" / "viewer"
REFERENCE = re.compile(r"(?:src|href)=\"([^\"]+)\"")


@pytest.mark.slow(is_covering=True)
def test_contract_is_served_byte_for_byte_without_a_key(door: Door) -> None:
    response = fits(door.get("/v1/openapi.json", key=None), "get_openapi")
    assert (response.status_code, response.content) == (200, DOCUMENT.read_bytes())
    assert response.headers["content-type"] == "application/json"


def test_known_tag_is_answered_without_a_body(door: Door) -> None:
    tag = door.get("/v1/openapi.json", key=None).headers["etag"]
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = door.get("/v1/openapi.json", key=None, headers={"If-None-Match": condition})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    # The star stands alone (RFC 9110, 13.1.2): beside tags it says nothing, here and of files.
    for condition in ('"other"', '"other", *'):
        assert door.get("/v1/openapi.json", key=None, headers={"If-None-Match": condition}).status_code == 200


def test_head_tells_the_length_without_the_body(door: Door) -> None:
    response = door.request("HEAD", "/v1/openapi.json", key=None)
    assert (response.status_code, response.content) == (200, b"")
    assert int(response.headers["content-length"]) == DOCUMENT.stat().st_size


def test_viewer_loads_packaged_files_only(door: Door) -> None:
    page = door.get("/v1/docs", key=None)
    references = REFERENCE.findall(page.text)
    assert {reference.removeprefix("docs/") for reference in references} == set(VIEWER_FILES) - {"index.html"}
    for reference in references:
        file = door.get(f"/v1/{reference}", key=None)
        assert (file.status_code, file.content) == (200, (VIEWER / reference.removeprefix("docs/")).read_bytes())
        assert file.headers["content-type"] == VIEWER_FILES[reference.removeprefix("docs/")]


def test_viewer_may_reach_no_other_host(door: Door) -> None:
    policy = door.get("/v1/docs", key=None).headers["content-security-policy"]
    sources = {word for rule in policy.split(";") for word in rule.split()[1:]}
    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}
    ours = (VIEWER / "index.html").read_text() + (VIEWER / "init.js").read_text()
    assert "://" not in ours
    assert "url(" not in (VIEWER / "swagger-ui.css").read_text().replace("url(data:", "").replace('url("data:', "")
    # Without this the viewer would ask a validator on the net.
    assert "validatorUrl: null" in ours


@pytest.mark.parametrize("name", ["absent.js", "README.md", "..%2Fskill%2FSKILL.md"])
def test_viewer_has_no_other_file(door: Door, name: str) -> None:
    assert door.get(f"/v1/docs/{name}").status_code == 404


def test_viewer_says_whose_it_is() -> None:
    assert "Apache License" in (VIEWER / "LICENSE").read_text()
    assert re.search(r"swagger-ui-dist` \d+\.\d+\.\d+", (VIEWER / "README.md").read_text())


@pytest.mark.slow(is_covering=True)
def test_document_in_the_wheel_is_valid_json_with_all_parts() -> None:
    assert {"openapi", "info", "paths", "webhooks", "components"} <= set(json.loads(DOCUMENT.read_bytes()))


SERVED = [
    operation["operationId"]
    for item in document()["paths"].values()
    for operation in item.values()
    if isinstance(operation, dict) and operation.get("tags", [""])[0] in {"Models", "Flows", "Solutions", "Status"}
]


READS = {operation: path for operation, path in fixed_reads().items() if operation in SERVED}


def test_every_operation_of_these_tags_is_served() -> None:
    assert set(SERVED) == {*READS, "create_run", "create_model_batch"}
    assert len(SERVED) == 27
    evidence = {operation.id: operation.evidence for operation in API_OPERATIONS if operation.id in SERVED}
    assert [name for name in SERVED if evidence[name] != "documented"] == ["list_model_examples", "list_solutions"]


@pytest.mark.parametrize("operation", READS)
def test_read_of_these_tags_answers_as_the_contract_says(door: Door, operation: str) -> None:
    response = door.get(READS[operation])
    assert response.status_code == 200
    if response.headers["content-type"] == "application/json":
        fits(response, operation)


def test_document_needs_no_key_but_others_do(door: Door) -> None:
    problem(door.get("/v1/models", key=None), 401, "UNAUTHORIZED")
