"""The journal: every exchange of the tenant with what was found out about it; to read, to export, to forget."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.errors import NotFound
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.findings import Findings, note, scrubbed_findings
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.version import __version__
from runflow_mock.web.calls import Answer, Call, answer, no_content, scrubbed
from runflow_mock.web.control.app import ControlHandler
from runflow_mock.web.control.guard import tenant_of
from runflow_mock.web.operations import OPERATION_IDS
from runflow_mock.web.pieces import answer_window, list_in_pieces, look
from runflow_mock.web.routing import Operation
from runflow_mock.wire.har import represent_entry, represent_har
from runflow_mock.wire.journal import broken_by, represent_exchange, represent_line
from runflow_mock.wire.journal_pages import Filters, Judged, Page, read_filters, read_question
from runflow_mock.wire.snippets import exchange_as_curl, exchange_as_test
from runflow_mock.wire.windows import read_window

Broken = Mapping[str, Sequence[dict[str, object]]]


async def get_journal(call: Call) -> Answer:
    """GET /_mock/journal?operation=&method=&status=&path=&since=&violations=&faulted=&limit=100&after=: exchanges, oldest first.

    With `offset` a window of one line each, newest first.
    """
    tenant = tenant_of(call)
    if "offset" in call.parameters:
        return await _lines(call, tenant)
    page, judged, broken = await _page(call, tenant)
    items = await list_in_pieces(_represented(call, tenant, judged, broken))
    judge = {"document": call.runtime.judgings.contract.source}
    body = {"items": items, "total": tenant.journal.total, "dropped": tenant.journal.dropped, "next": page.next, "judge": judge}
    return _counted(answer(body), page)


async def get_exchange(call: Call) -> Answer:
    """GET /_mock/journal/{id}: one exchange in full, as a curl command and as a test; with the nearest operation if it leads nowhere."""
    tenant = tenant_of(call)
    if all(exchange.id != call.params["id"] for exchange in tenant.journal.as_they_came(len(tenant.journal))):
        raise NotFound("exchange", call.params["id"])
    judgings = call.runtime.judgings
    exchanges = await judgings.read(tenant)
    found = [exchange for exchange in exchanges if exchange.id == call.params["id"]][:1]
    if not found:
        # It has made room meanwhile.
        raise NotFound("exchange", call.params["id"])
    ((exchange, findings),) = await judgings.judged(tenant, found)
    broken = broken_by(await judgings.verdicts(tenant, exchanges)).get(exchange.id, ())
    snippets = {"curl": exchange_as_curl(exchange, call.base_url), "test": exchange_as_test(exchange)}
    return scrubbed(call, answer({**represent_exchange(exchange, findings, broken), "nearest": findings.nearest, **snippets}))


async def _lines(call: Call, tenant: Tenant) -> Answer:
    """Returns a window on the journal: what is found out about exchanges is found out of those alone that are shown."""
    given = {name: value for name, value in call.parameters.items() if name not in ("offset", "limit", "q")}
    filters = read_filters(given, tenant.journal.as_they_came(len(tenant.journal)), _operations(call))
    window = read_window({"limit": "100", **{name: call.parameters[name] for name in ("offset", "limit", "q") if name in call.parameters}})
    assert window is not None
    judgings = call.runtime.judgings
    exchanges = await judgings.read(tenant)
    kept = await _kept(call, tenant, filters, exchanges)
    found, total = await look(kept, window, lambda each: window.finds(each.target, each.id, each.operation, each.fault))
    judged = await judgings.judged(tenant, found)
    broken = broken_by(await judgings.verdicts(tenant, exchanges))
    lines = (represent_line(exchange, findings, broken.get(exchange.id, ())) for exchange, findings in judged)
    judge = {"document": judgings.contract.source}
    return await answer_window(call, lines, total, dropped=tenant.journal.dropped, judge=judge)


async def get_archive(call: Call) -> Answer:
    """GET /_mock/journal.har: the same, as an archive that the network panel of a browser opens."""
    tenant = tenant_of(call)
    page, judged, _ = await _page(call, tenant)
    latest = map(partial(_latest, call, tenant), judged)
    entries = await list_in_pieces(represent_entry(exchange, findings) for exchange, findings in latest)
    return _counted(answer(represent_har(entries, __version__)), page)


async def entries_of(call: Call, tenant: Tenant) -> msgspec.Raw:
    """Returns the whole journal of a tenant, oldest first."""
    judgings = call.runtime.judgings
    exchanges = await judgings.read(tenant)
    judged = await judgings.judged(tenant, exchanges)
    return await list_in_pieces(_represented(call, tenant, judged, broken_by(await judgings.verdicts(tenant, exchanges))))


def _represented(call: Call, tenant: Tenant, judged: Iterable[Judged], broken: Broken) -> Iterator[dict[str, object]]:
    known = len(call.runtime.tenants)
    latest = map(partial(_latest, call, tenant), judged)
    told = ((exchange, with_first_use(tenant, exchange, findings, known)) for exchange, findings in latest)
    return (represent_exchange(exchange, findings, _shown(call, broken.get(exchange.id, ()))) for exchange, findings in told)


def _latest(call: Call, tenant: Tenant, judged: Judged) -> Judged:
    """Returns an exchange that was judged, and what was found out about it, without the secrets that became known meanwhile."""
    exchange, findings = judged
    return tenant.journal.up_to_date(exchange), scrubbed_findings(findings, call.runtime.scrubber)


def _shown(call: Call, broken: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Returns what is broken without secrets: verdicts are kept, and may be older than what is known by now."""
    scrub = call.runtime.scrubber.scrub_text
    return [{name: scrub(value) if isinstance(value, str) else value for name, value in told.items()} for told in broken]


async def delete_journal(call: Call) -> Answer:
    """DELETE /_mock/journal: forgets all exchanges, and the verdicts on them."""
    call.runtime.reset(tenant_of(call), "journal")
    return no_content()


def with_first_use(tenant: Tenant, exchange: Exchange, findings: Findings, known: int) -> Findings:
    """Adds to the first exchange of a tenant that it has made the tenant, where there are others that the key may have been meant for."""
    if exchange.number > 1 or known < 2 or not tenant.is_made_by_use:
        return findings
    told = f"this was the first use of the key, and has made the tenant {tenant.settings.name}, which was empty: is the key spelt as meant?"
    return replace(findings, request=(*findings.request, note(("header", "Authorization"), "tenant-made", told)))


async def _page(call: Call, tenant: Tenant) -> tuple[Page, list[Judged], Broken]:
    """Returns the page that is asked for, its exchanges with what was found out about them, and the rules that exchanges break."""
    # Before anything is looked at: whoever asks for what there is not, asks for nothing that takes long.
    question = read_question(call.parameters, tenant.journal.as_they_came(len(tenant.journal)), _operations(call))
    judgings = call.runtime.judgings
    exchanges = await judgings.read(tenant)
    page = question.page(await _kept(call, tenant, question.filters, exchanges))
    judged = await judgings.judged(tenant, page.exchanges)
    return page, judged, broken_by(await judgings.verdicts(tenant, exchanges))


async def _kept(call: Call, tenant: Tenant, filters: Filters, exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Returns the exchanges that filters keep; those are judged that nothing else leaves out, where it is asked what was found."""
    kept = [exchange for exchange in exchanges if filters.keeps(exchange)]
    if not filters.judges:
        return kept
    return [judged[0] for judged in await call.runtime.judgings.judged(tenant, kept) if filters.keeps_judged(judged)]


def _operations(call: Call) -> Collection[str]:
    """Returns the names by which exchanges are kept: the API's, and those of a user's document that judges in place of ours."""
    return OPERATION_IDS | call.runtime.judgings.operations_of_user


def _counted(given: Answer, page: Page) -> Answer:
    return Answer(given.status, given.body, (*given.headers, (b"x-total-count", str(page.total).encode())))


OPERATIONS: tuple[Operation[ControlHandler], ...] = (
    Operation("GET", "/_mock/journal", get_journal, is_long=True),
    Operation("GET", "/_mock/journal/{id}", get_exchange),
    Operation("GET", "/_mock/journal.har", get_archive, is_long=True),
    Operation("DELETE", "/_mock/journal", delete_journal),
)
