"""Journaling: every request and its answer, kept by the tenant it belongs to, or by the lobby where no credential was understood."""

from msgspec.structs import replace

from runflow_mock.domain.exchanges import KEPT_BYTES_MAX, Exchange, without_credentials, without_values
from runflow_mock.domain.instants import instant_at
from runflow_mock.runtime.judging_ahead import EXPLAINED
from runflow_mock.web.calls import Answer, Call


def record_exchange(call: Call, operation: str | None, given: Answer, elapsed_ms: float, *, wait: float = 0.0) -> None:
    """Keeps an exchange and shows it to whoever observes the server; `wait` are the real seconds until the answer leaves."""
    tenant = call.tenant
    runtime = call.runtime
    judgings = runtime.judgings
    wall = runtime.wall() + wait
    journal = runtime.lobby if tenant is None else tenant.journal
    exchange = Exchange(
        id=call.request_id or f"lobby-{journal.total + 1}",
        number=journal.total + 1,
        at=instant_at(wall) if tenant is None else tenant.world.now,
        wall=wall,
        operation=operation,
        method=call.method,
        target=without_values(call.target, judgings.secret_queries) if judgings.secret_queries else call.target,
        request_headers=without_credentials(call.scope["headers"], judgings.cookies, judgings.secret_headers),
        request_body=call.body[:KEPT_BYTES_MAX],
        status=given.status,
        response_headers=given.headers,
        response_body=given.body[:KEPT_BYTES_MAX],
        elapsed_ms=elapsed_ms + wait * 1000,
        fault=None if call.response_fault is None else call.response_fault.name,
        is_stubbed=call.response_fault is not None and call.response_fault.is_stub,
        commits=0 if tenant is None else tenant.world.history.total,
    )
    is_filling = journal.record(exchange)
    runtime.requests[operation or "", given.status] += 1
    if tenant is not None and runtime.feeds.is_watched:
        runtime.feeds.exchanged(tenant, exchange)
    if tenant is not None:
        if is_filling:
            judgings.ahead.filling(tenant)
        if given.status in EXPLAINED:
            judgings.ahead.refused(tenant)
    if runtime.observer.is_listening:
        # Nobody who watches shows more of an exchange than its address; to scrub the rest as well would be noticed under load.
        shown = replace(exchange, target=runtime.scrubber.scrub_text(exchange.target))
        runtime.observer.exchange(None if tenant is None else tenant.settings.name, shown)
