import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.wire.catalog import CatalogError, load_catalog

MODEL: dict[str, Any] = {
    "id": "shop/cutter",
    "name": "Cutter",
    "input": {"type": "object", "required": ["image_url"], "properties": {"image_url": {"type": "string", "x-variable-type": "image"}}},
    "price": {"unit": "request", "amount": "0.05"},
    "output": {"media_type": "image/png", "file": "cut"},
    "run_seconds": [1, 2],
}


def file_of(folder: Path, content: Any, name: str = "own.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def message(path: Path) -> str:
    with pytest.raises(CatalogError) as raised:
        load_catalog((path,))
    return str(raised.value)


def test_packaged_catalog_has_55_models_of_which_50_are_active() -> None:
    catalog = load_catalog()
    assert (len(catalog), sum(model.is_active for model in catalog.models)) == (65, 50)


@pytest.mark.parametrize("content", [{"models": [MODEL]}, [MODEL]])
def test_file_adds_its_models(tmp_path: Path, content: Any) -> None:
    catalog = load_catalog((file_of(tmp_path, content),))
    assert catalog.get("shop/cutter").name == "Cutter"
    assert len(catalog) == 66


def test_yaml_is_read_too(tmp_path: Path) -> None:
    text = """
models:
  - id: shop/cutter
    name: From YAML
    input: {type: object}
    price: {unit: image, amount: "0.01"}
    output: {media_type: image/png, file: cut}
    run_seconds: [1, 2]
"""
    assert load_catalog((file_of(tmp_path, text, "own.yaml"),)).get("shop/cutter").name == "From YAML"


DATED = """
models:
  - &cutter
    {id: shop/cutter, name: no, updated: 2026-05-01, input: {type: object}, price: {unit: image, amount: "0.01"},
     output: {media_type: image/png, file: cut}, run_seconds: [1, 2]}
  - {<<: *cutter, id: shop/second, updated: "2026-06-30"}
"""


def test_yaml_has_texts_and_dates_as_json_has_them_and_may_repeat_itself(tmp_path: Path) -> None:
    catalog = load_catalog((file_of(tmp_path, DATED, "own.yaml"),))
    assert [(catalog.get(name).name, catalog.get(name).updated_at) for name in ("shop/cutter", "shop/second")] == [
        ("no", datetime(2026, 5, 1, tzinfo=UTC)),
        ("no", datetime(2026, 6, 30, tzinfo=UTC)),
    ]


def test_yaml_that_grows_is_refused_by_its_place(tmp_path: Path) -> None:
    grows = "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12))
    path = file_of(tmp_path, grows, "own.yaml")
    assert message(path).startswith(f"catalog file {path} is not valid: line 7, column ")


def test_folder_is_read_file_by_file_and_other_files_are_left_alone(tmp_path: Path) -> None:
    file_of(tmp_path, [MODEL])
    file_of(tmp_path, [{**MODEL, "id": "shop/second"}], "second.yml")
    file_of(tmp_path, "no catalog", "README.md")
    assert len(load_catalog((tmp_path,))) == 67


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files")
def test_pipe_in_a_folder_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "models.yaml")
    with pytest.raises(CatalogError, match=r"models.yaml cannot be read: it is a pipe or a device"):
        load_catalog([tmp_path])


def test_link_in_a_folder_leads_to_no_file_outside(tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "models.json").symlink_to(file_of(tmp_path, [MODEL]))
    with pytest.raises(CatalogError, match=r"models.json cannot be read: its link leads out of the folder"):
        load_catalog([folder])


def test_later_model_of_the_same_id_overrides(tmp_path: Path) -> None:
    own = {**MODEL, "id": "runflow/background-removal", "name": "Mine"}
    catalog = load_catalog((file_of(tmp_path, [own]),))
    assert (catalog.get("runflow/background-removal").name, len(catalog)) == ("Mine", 65)


def test_downloaded_list_names_models_that_take_any_input(tmp_path: Path) -> None:
    listed = [
        {"provider_slug": "acme", "model_slug": "clip/v2", "model_name": "Clip", "category": "Video Generation"},
        {"provider_slug": "acme", "model_slug": "old", "model_name": "Old", "active": False},
    ]
    catalog = load_catalog((file_of(tmp_path, listed, "models-catalog.json"),))
    clip = catalog.get("acme/clip/v2")
    assert (clip.name, clip.modality, clip.output.media_type) == ("Clip", "video", "video/mp4")
    with pytest.raises(ModelNotFound):
        catalog.get("acme/old")


def test_alias_leads_to_the_model(tmp_path: Path) -> None:
    catalog = load_catalog((file_of(tmp_path, [{**MODEL, "aliases": ["scissors"]}]),))
    assert catalog.get("scissors").id == "shop/cutter"
    assert catalog.get("flux-pro/kontext").id != "flux-pro/kontext"


def test_unknown_models_are_refused_or_taken_for_a_generic_one() -> None:
    with pytest.raises(ModelNotFound):
        load_catalog().get("acme/new")
    accepted = load_catalog(accept_unknown=True).get("acme/new")
    assert (accepted.id, accepted.modality) == ("acme/new", "image")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"id": "cutter"}, "owner/slug"),
        ({"id": "shop//x"}, "owner/slug"),
        ({"name": 7}, "$.name"),
        ({"price": {"unit": "hug", "amount": "1"}}, "hug"),
        ({"price": {"unit": "request", "amount": "cheap"}}, "cheap"),
        ({"run_seconds": [3, 1]}, "run_seconds"),
        ({"run_seconds": [-1, 1]}, "run_seconds"),
        ({"output": {}}, "$.output"),
        ({"input": []}, "$.input"),
    ],
)
def test_error_names_file_model_and_value(tmp_path: Path, change: dict[str, Any], word: str) -> None:
    path = file_of(tmp_path, [{**MODEL, **change}])
    told = message(path)
    assert str(path) in told
    assert f"model {change.get('id', 'shop/cutter')}" in told
    assert word in told


@pytest.mark.parametrize("content", ["{", "", '"text"', '{"owner": "x"}', '{"models": {}}', "[7]", "[null]"])
def test_file_that_is_no_list_of_models_is_named(tmp_path: Path, content: str) -> None:
    path = file_of(tmp_path, content)
    assert str(path) in message(path)


@pytest.mark.parametrize("content", ["a: [", "\t- x", "- !!python/object:os.system {}", "just text"])
def test_bad_yaml_is_named(tmp_path: Path, content: str) -> None:
    path = file_of(tmp_path, content, "own.yaml")
    assert str(path) in message(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path / 'nowhere.json'} cannot be read" in message(tmp_path / "nowhere.json")


def test_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(b"\xff\xfe\x00\xd8")
    assert str(path) in message(path)


def test_mark_of_an_editor_before_json_is_passed_over_and_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text(json.dumps([MODEL]), encoding="utf-8-sig")
    assert load_catalog((path,)).get(MODEL["id"]).id == MODEL["id"]
    path.write_text(json.dumps([MODEL]), encoding="utf-16")
    assert message(path) == f"catalog file {path} is not valid: it is written in UTF-16; save it as UTF-8"


@pytest.mark.parametrize("given", [{"id": "x" * 100_000}, {**MODEL, "id": "x" * 100_000}, ["x" * 100_000]])
def test_long_name_of_what_is_wrong_is_told_in_short(tmp_path: Path, given: Any) -> None:
    assert len(message(file_of(tmp_path, [given]))) < 500


def test_file_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    assert "nested deeper than" in message(file_of(tmp_path, "[" * 100_000))


@pytest.mark.parametrize("owner", [7, None, ["shop"]])
def test_owner_that_is_no_text_is_refused(tmp_path: Path, owner: Any) -> None:
    assert "owner" in message(file_of(tmp_path, {"owner": owner, "models": [MODEL]}))
