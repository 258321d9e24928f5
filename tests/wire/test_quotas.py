from datetime import UTC, datetime, timedelta

import pytest

from runflow_mock.domain.dialects import dialect_of
from runflow_mock.domain.documents import Json, write_document
from runflow_mock.domain.quotas import Allowance, Quota
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.quotas import decode_quota, limit_headers, parse_quota, represent_quota, retry_after

NOW = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
WAIT = timedelta(seconds=2.5)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("form", "switch", "value"),
    [
        ("seconds", "none", "3"),
        ("date", "retry-after", "Thu, 01 Jan 2026 12:00:03 GMT"),
        ("absent", "full", None),
        (None, "retry-after", "3"),
        (None, "full", "3"),
        (None, "none", None),
    ],
)
def test_wait_is_told_in_the_form_of_the_quota_or_of_the_dialect(form: str | None, switch: str, value: str | None) -> None:
    dialect = dialect_of("seed", {"rate_limit_headers": switch})
    assert retry_after(WAIT, form, dialect, NOW) == ({} if value is None else {"retry-after": value})


def test_wait_is_never_told_shorter_than_it_is() -> None:
    dialect = dialect_of("seed", {})
    assert retry_after(timedelta(milliseconds=1), None, dialect, NOW) == {"retry-after": "1"}
    assert retry_after(timedelta(seconds=2), "date", dialect, NOW.replace(microsecond=0)) == {
        "retry-after": "Thu, 01 Jan 2026 12:00:02 GMT"
    }


@pytest.mark.parametrize("switch", ["retry-after", "none", "full"])
def test_what_is_left_is_told_in_full_only_where_the_dialect_does(switch: str) -> None:
    allowance = Allowance(limit=5, remaining=3, resets_in=WAIT)
    headers = limit_headers(allowance, WAIT, dialect_of("seed", {"rate_limit_headers": switch}), NOW)
    full = {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "3", "x-ratelimit-reset": str(int(NOW.timestamp()) + 3)}
    assert headers == (full if switch == "full" else {})


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("5/1m", Quota(requests=5, window=MINUTE)),
        (" 1/0.5s ", Quota(requests=1, window=timedelta(seconds=0.5))),
        ("10/PT1M:date", Quota(requests=10, window=MINUTE, retry_after="date")),
    ],
)
def test_quota_is_read_from_text(text: str, quota: Quota) -> None:
    assert parse_quota(text) == quota


@pytest.mark.parametrize("text", ["", "5", "5/", "/1m", "0/1m", "5/1ms", "5/soon", "5/1m:hours", "-1/1m", "1.5/1m", "5/1m:date:x"])
def test_other_text_is_refused_by_what_it_says(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|needs"):
        parse_quota(text)


def test_quota_reads_back_as_it_is_shown() -> None:
    quota = Quota(requests=5, window=MINUTE, retry_after="absent")
    shown = represent_quota(quota)
    assert shown == {"requests": 5, "window": 60.0, "retry_after": "absent"}
    assert decode_quota(write_document({**shown})) == quota  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"requests": 0}, "requests 0 must be from 1"),
        ({"requests": "5"}, "requests"),
        ({"requests": 1_000_001}, "1000000"),
        ({"window": "1ms"}, "at least 0.1 s"),
        ({"window": "soon"}, "window"),
        ({"window": None}, "window"),
        ({"retry_after": "hours"}, "seconds, date, absent"),
        ({"burst": 5}, "requests, window, retry_after"),
    ],
)
def test_bad_quota_is_refused_by_the_name_of_its_field(changes: dict[str, Json], says: str) -> None:
    body: dict[str, Json] = {"requests": 5, "window": "1m", **changes}
    with pytest.raises(ControlError, match=says) as raised:
        decode_quota(write_document(body))
    assert raised.value.status == 422
