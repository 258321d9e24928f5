from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runflow_mock.wire.times import read_duration, read_instant, write_http_date, write_instant, write_optional

NOON = datetime(2026, 1, 1, 12, 30, 5, 123_000, tzinfo=UTC)


def test_instant_is_written_in_milliseconds_and_z() -> None:
    assert write_instant(NOON) == "2026-01-01T12:30:05.123Z"
    assert write_instant(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_instant_is_written_as_isoformat_cuts_it(instant: datetime) -> None:
    assert write_instant(instant) == instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_nothing_is_written_as_nothing() -> None:
    assert (write_optional(None), write_optional(NOON)) == (None, "2026-01-01T12:30:05.123Z")


@pytest.mark.parametrize(
    "text", ["2026-01-01T12:30:05.123Z", "2026-01-01T14:30:05.123+02:00", "2026-01-01T12:30:05.123", "2026-01-01 12:30:05.123Z"]
)
def test_instant_is_read_in_its_usual_forms(text: str) -> None:
    assert read_instant(text) == NOON
    assert read_instant(text).tzinfo is UTC


def test_date_is_its_midnight() -> None:
    assert read_instant("2026-04-01") == datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-01-01T25:00:00Z", "1767225600", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00"]
)
def test_other_text_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"instant|years"):
        read_instant(text)


@pytest.mark.slow(is_covering=True)
@settings(max_examples=50, derandomize=True)
@given(instant=st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)), hours=st.integers(-23, 23))  # noqa: DTZ001 - hypothesis adds the zone
def test_what_is_written_is_read_back(instant: datetime, hours: int) -> None:
    whole = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    assert read_instant(write_instant(whole)) == whole
    if 1971 < instant.year < 9999:
        assert read_instant(whole.astimezone(timezone(timedelta(hours=hours))).isoformat()) == whole


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (90, 90), (0, 0), (1.5, 1.5), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172_800), ("250ms", 0.25), ("1.5h", 5400),
        ("PT10M", 600), ("P1D", 86_400), ("P1DT1H1M1.5S", 90_061.5), ("PT0S", 0), (0.0004, 0), ("1.2345s", 1.234),
    ],
)  # fmt: skip
def test_duration_is_read_in_many_forms_to_the_millisecond(value: object, seconds: float) -> None:
    assert read_duration(value) == timedelta(milliseconds=round(seconds * 1000))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [],
        {},
        "",
        "soon",
        "-1s",
        -1,
        "10",
        "10 m",
        "٣m",
        "PT٣S",
        "P",
        "PT",
        "1w",
        "P1W",
        "1h 30m",
        1e300,
        float("nan"),
        "36501d",
        "9" * 101 + "s",
        "1e3s",
    ],
)
def test_other_values_are_no_duration(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        read_duration(value)


def test_longest_duration_is_a_hundred_years() -> None:
    assert read_duration("36500d") == timedelta(days=36_500)


@pytest.mark.parametrize(("microsecond", "second"), [(0, "05"), (1, "06"), (999_999, "06")])
def test_http_date_is_a_whole_second_that_is_not_before(microsecond: int, second: str) -> None:
    instant = datetime(2026, 2, 3, 4, 59, 5, microsecond, tzinfo=UTC)
    assert write_http_date(instant) == f"Tue, 03 Feb 2026 04:59:{second} GMT"
