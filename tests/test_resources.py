import pytest

from runflow_mock.resources import data_folder


@pytest.mark.parametrize(("name", "file"), [("contracts", "openapi.json"), ("fixtures", "catalog/runflow.json")])
def test_data_is_found(name: str, file: str) -> None:
    assert (data_folder(name) / file).is_file()


def test_missing_data_is_told_with_the_way_out() -> None:
    with pytest.raises(FileNotFoundError, match=r"'nothing' is missing.*reinstall"):
        data_folder("nothing")
