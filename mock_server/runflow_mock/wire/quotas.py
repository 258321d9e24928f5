"""Quotas on the wire: as settings, as text of the command line, and as the headers that tell a client what is left to it.

Source: `limits.no-headers`, `limits.full-headers`, `errors.codes`.
"""

import math
import re
from datetime import datetime, timedelta

import msgspec

from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.quotas import REQUESTS_MAX, WINDOW_MIN, Allowance, Quota
from runflow_mock.wire.control import decode, duration, refused
from runflow_mock.wire.times import read_duration, write_http_date

RETRY_AFTER_FORMS = ("seconds", "date", "absent")

_TEXT = re.compile(r"([0-9]{1,9})/([^:]+)(?::([a-z]+))?")


class WireQuota(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A quota as settings spell it."""

    requests: int
    window: str | int | float
    retry_after: str | None = None


def decode_quota(raw: bytes) -> Quota:
    """Returns the quota in a body."""
    return read_quota(decode(raw, WireQuota), "")


def read_quota(quota: WireQuota, prefix: str = "quota.") -> Quota:
    """Returns a quota that stands in settings, under a name that messages begin with."""
    read = Quota(requests=quota.requests, window=duration(quota.window, f"{prefix}window"), retry_after=quota.retry_after)
    check_quota(read, prefix)
    return read


def check_quota(quota: Quota, prefix: str) -> None:
    """Accepts a quota whose numbers and form are possible."""
    if not 1 <= quota.requests <= REQUESTS_MAX:
        raise refused(f"{prefix}requests {quota.requests} must be from 1 to {REQUESTS_MAX}")
    if quota.window < WINDOW_MIN:
        raise refused(f"{prefix}window {quota.window.total_seconds():g} must be at least {WINDOW_MIN.total_seconds():g} s")
    if quota.retry_after is not None and quota.retry_after not in RETRY_AFTER_FORMS:
        choice = ", ".join(RETRY_AFTER_FORMS)
        raise refused(f"{prefix}retry_after {quota.retry_after[:80]!r} must be one of {choice}; left out, the dialect says")


def parse_quota(text: str) -> Quota:
    """Returns the quota of a text such as `5/1m` or `5/1m:date`.

    Raises:
        ValueError: the text is something else.
    """
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:80]!r} is not REQUESTS/WINDOW such as 5/1m, or 5/1m:date with one of {', '.join(RETRY_AFTER_FORMS)}")
    requests, window, form = int(found[1]), read_duration(found[2]), found[3]
    if not 1 <= requests <= REQUESTS_MAX or window < WINDOW_MIN or form not in (None, *RETRY_AFTER_FORMS):
        limits = f"1 to {REQUESTS_MAX} requests, {WINDOW_MIN.total_seconds():g} s or more, and one of {', '.join(RETRY_AFTER_FORMS)}"
        raise ValueError(f"{text[:80]!r} needs {limits}")
    return Quota(requests=requests, window=window, retry_after=form)


def represent_quota(quota: Quota | None) -> dict[str, object] | None:
    """Returns a quota, its window in seconds."""
    if quota is None:
        return None
    return {"requests": quota.requests, "window": quota.window.total_seconds(), "retry_after": quota.retry_after}


def represent_allowance(name: str, allowance: Allowance) -> dict[str, object]:
    """Returns what is left to the key of that name."""
    left = allowance.resets_in.total_seconds()
    return {"key": name, "used": allowance.limit - allowance.remaining, "remaining": allowance.remaining, "resets_in": round(left, 3)}


def limit_headers(allowance: Allowance, wait: timedelta, dialect: Dialect, now: datetime) -> dict[str, str]:
    """Returns what every answer says about the quota, at an instant of the client's clock; `wait` leads to the next window."""
    if dialect.rate_limit_headers != "full":
        return {}
    return {
        "x-ratelimit-limit": str(allowance.limit),
        "x-ratelimit-remaining": str(allowance.remaining),
        "x-ratelimit-reset": str(math.ceil((now + wait).timestamp())),
    }


def retry_after(wait: timedelta, form: str | None, dialect: Dialect, now: datetime) -> dict[str, str]:
    """Returns the header that tells how long to wait, in the given form or, without one, as the dialect does."""
    write = _FORMS[form or ("absent" if dialect.rate_limit_headers == "none" else "seconds")]
    return {} if write is None else {"retry-after": write(wait, now)}


def _seconds(wait: timedelta, now: datetime) -> str:
    return str(math.ceil(wait.total_seconds()))


def _date(wait: timedelta, now: datetime) -> str:
    return write_http_date(now + wait)


_FORMS = {"seconds": _seconds, "date": _date, "absent": None}
