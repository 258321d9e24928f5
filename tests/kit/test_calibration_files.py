"""Files of captures: many of them cost as much as there are."""

from pathlib import Path

import pytest
from costs import lines_run

from runflow_mock.kit.calibration.files import CaptureError, CaptureFile, captures_in, read_files
from runflow_mock.wire.profiles import FORMAT as PROFILE

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


def test_files_have_a_bound_for_their_bytes_together(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.json").write_bytes(ANSWER)
    (tmp_path / "profile.json").write_bytes(b'{"format": "%b"}' % PROFILE.encode() + b" " * 1_000)
    together = 3 * len(ANSWER)
    assert [file.path.name for file in read_files([tmp_path], together)] == ["0.json", "1.json", "2.json"]
    too_much = rf"2\.json cannot be read: with the files before it that is more than {together - 1} bytes; give fewer at once"
    for given in ([tmp_path], [tmp_path / f"{number}.json" for number in range(3)]):
        with pytest.raises(CaptureError, match=too_much):
            read_files(given, together - 1)


def test_link_leads_from_a_given_folder_to_another_one_and_to_a_file_that_is_named(tmp_path: Path) -> None:
    folder, other, private = tmp_path / "given", tmp_path / "other", tmp_path / "private.json"
    for made in (folder, other):
        made.mkdir()
    (other / "own.json").write_bytes(ANSWER)
    (folder / "across.json").symlink_to(other / "own.json")
    assert [file.name for file in read_files([folder, other])] == ["given/across.json", "other/own.json"]
    private.write_bytes(ANSWER)
    (folder / "out.json").symlink_to(private)
    for named in (folder / "out.json", other / ".." / "given" / "out.json", private):
        assert {file.raw for file in read_files([folder, other, named])} == {ANSWER}
    with pytest.raises(CaptureError, match=r"out\.json cannot be read: its link leads out of the folder"):
        read_files([folder, other])


def test_link_to_itself_that_is_named_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "loop.json").symlink_to("loop.json")
    with pytest.raises(CaptureError, match=r"loop\.json cannot be read"):
        read_files([tmp_path / "loop.json"])
