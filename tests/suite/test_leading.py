"""An address of a file may lead on to another one, and is read where it ends; one that never does is told as it answers."""

from collections.abc import Mapping

import pytest

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.files import file_is_there
from runflow_mock.kit.suite.suite_tenants import LEADS_MAX, Pace, Target

GIF = b"GIF89a"


class Signposts:
    """Answers an address that ends with a number with one that is smaller by one, and at zero with a file."""

    url = "http://files.test"

    def __init__(self, status: int, place: str) -> None:
        self._status, self._place = status, place

    def carry(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Returns the answer to a request, which has no key."""
        if "/file/" not in target:
            return Answer(method, target, 404, {}, b"")
        assert "Authorization" not in headers
        number = int(target.rpartition("/")[2])
        if number:
            return Answer(method, target, self._status, {"location": self._place.format(number - 1)}, b"")
        return Answer(method, target, 200, {"content-type": "image/gif"}, b"" if method == "HEAD" else GIF)

    def close(self) -> None:
        """Does nothing."""


def found(signposts: Signposts, address: str) -> list[str]:
    tenant = Target(signposts, "key", pace=Pace(1e9, 0.0)).open()
    return list(file_is_there(tenant, f"{signposts.url}{address}", {"type": "image"}))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["{}", "/file/{}", "http://files.test/other/file/{}"])
def test_file_is_read_where_its_address_leads(status: int, place: str) -> None:
    assert found(Signposts(status, place), f"/file/{LEADS_MAX - 1}") == []


@pytest.mark.parametrize(("status", "place"), [(302, "/file/1"), (300, "/file/{}")])
def test_address_that_leads_to_no_file_is_told(status: int, place: str) -> None:
    assert found(Signposts(status, place), "/file/1") == [f"http://files.test/file/1 is answered {status}"]
