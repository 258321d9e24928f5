"""Quotas at work: each request counts against its key's, and its answer says what is left where the dialect does."""

from runflow_mock.web.calls import Call
from runflow_mock.wire.problems import rate_limited
from runflow_mock.wire.quotas import limit_headers, retry_after


def admit(call: Call) -> None:
    """Counts a request.

    Raises:
        Problem: 429, and the request was not counted.
    """
    runtime, tenant = call.runtime, call.caller
    meter = runtime.meter(tenant)
    allowance = meter.count(call.principal.key)
    now, rate = runtime.client_now(tenant), tenant.clock.rate
    # A clock that runs faster than the client's brings the next window sooner.
    wait = allowance.resets_in if not rate or tenant.settings.client_time == "virtual" else allowance.resets_in / rate
    shown = limit_headers(allowance, wait, tenant.dialect, now)
    call.limits = tuple((name.encode(), value.encode()) for name, value in shown.items())
    if allowance.is_exceeded:
        form = None if meter.quota is None else meter.quota.retry_after
        problem = rate_limited(f"{allowance.limit} requests were sent already; the next window comes in {wait.total_seconds():.1f} s.")
        problem.headers.update(retry_after(wait, form, tenant.dialect, now))
        raise problem
