"""Files of captures: many of them cost as much as there are."""

from pathlib import Path

import pytest
from costs import lines_run

from runflow_mock.kit.calibration.files import CaptureError, CaptureFile, captures_in, read_files

ANSWER = b'{"status": 401, "body": {"code": "UNAUTHORIZED", "message": "no"}}'


def test_files_are_not_compared_with_each_other(tmp_path: Path) -> None:
    """Eight hundred files took five seconds, six times what four hundred took."""

    def lines(count: int) -> int:
        files = [CaptureFile(f"{number}.json", tmp_path / f"{number}.json", ANSWER) for number in range(count)]
        return lines_run(lambda: captures_in(files))

    lines(1)
    assert lines(80) <= 5 * lines(20)


@pytest.mark.parametrize("ends", [("headers", "json"), ("json", "headers")])
def test_head_that_stands_alone_gets_the_body_of_its_name(tmp_path: Path, ends: tuple[str, str]) -> None:
    for number, end in enumerate(ends):
        content = b"HTTP/1.1 402 Payment Required\r\nContent-Type: application/json\r\n\r\n" if end == "headers" else b'{"code": "X"}'
        (tmp_path / f"402.{end}").write_bytes(content)
        (tmp_path / f"other{number}.json").write_bytes(ANSWER)
    taken = captures_in(read_files([tmp_path]))
    assert sorted(taken) == ["402.headers", "other0.json", "other1.json"]
    (capture,) = taken["402.headers"]
    assert (capture.status, capture.body) == (402, b'{"code": "X"}')


def test_link_in_a_folder_leads_to_no_file_outside_and_one_that_is_named_is_followed(tmp_path: Path) -> None:
    folder, private = tmp_path / "given", tmp_path / "private.json"
    folder.mkdir()
    private.write_text('{"code": "NOT_FOUND", "message": "private"}')
    link = folder / "link.json"
    link.symlink_to(private)
    with pytest.raises(CaptureError, match=r"link\.json cannot be read: its link leads out of the folder"):
        read_files([folder])
    assert [file.raw for file in read_files([link])] == [private.read_bytes()]
