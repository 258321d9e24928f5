"""Evidence: what the tenants of a server leave behind when it stops, so that it outlives a container.

Each file is the answer of a verb of the control API, but for report.xml, which is the report as JUnit. Neither secrets nor credentials
are in any of them: they are taken out of what is JSON, for in the words of YAML and XML secrets would be found that are none.
"""

import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import msgspec
from starlette.types import Scope

from runflow_mock.domain.principals import KEY_PREFIX
from runflow_mock.kit.sheets.junit import write_junit
from runflow_mock.kit.sheets.records import summary_of
from runflow_mock.kit.sheets.reports import sheet_of
from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.files import NotWritten, write_whole
from runflow_mock.runtime.runtime import Runtime
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Answer, Call
from runflow_mock.web.control.deliveries import list_deliveries
from runflow_mock.web.control.history import get_history
from runflow_mock.web.control.journal import get_archive, get_journal
from runflow_mock.web.control.records import get_ledger
from runflow_mock.web.control.report import get_report
from runflow_mock.web.control.scenarios import export_present
from runflow_mock.web.control.timeline import get_timeline
from runflow_mock.wire.journal_pages import LIMIT_MAX

# The latest exchanges: as many as a page may have, which is what a journal keeps unless --journal-max says otherwise.
_ALL = f"limit={LIMIT_MAX}"
# How many files are named that could not be written.
TOLD_MAX = 20

# Written from JSON without secrets.
_SCENARIO = "scenario.yaml"

_Verb = Callable[[Call], Awaitable[Answer]]

FILES: Mapping[str, tuple[_Verb, str]] = {
    "timeline.json": (get_timeline, ""),
    "journal.json": (get_journal, _ALL),
    "journal.har": (get_archive, _ALL),
    "deliveries.json": (list_deliveries, ""),
    "ledger.json": (get_ledger, ""),
    "report.json": (get_report, ""),
    _SCENARIO: (export_present, ""),
    "history.json": (get_history, ""),
}
"""The verb that tells what is in a file, and its query."""


def check_folder(folder: Path) -> None:
    """Makes the folder, and makes sure at the start that it can be written at the end.

    Raises:
        ConfigError: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        way_out = "make it writable for the user that the sandbox runs as (in a container: --user), or name another folder"
        raise ConfigError(f"report: {folder} cannot be written: {error.strerror}; {way_out}") from None


async def write_evidence(runtime: Runtime, folder: Path) -> None:
    """Writes a folder for each tenant: each file whole or not at all. What cannot be written is told, and does no harm to the rest."""
    for tenant in tuple(runtime.tenants):
        try:
            answers = {name: (await handler(_call(runtime, tenant, query))).body for name, (handler, query) in FILES.items()}
            bodies = {name: body if name == _SCENARIO else runtime.scrubber.scrub(body) for name, body in answers.items()}
            operation_of = {exchange.id: exchange.operation for exchange in tenant.journal.as_read() if exchange.operation is not None}
            sheet = sheet_of(msgspec.json.decode(bodies["report.json"]), operation_of)
            files = {**bodies, "report.xml": write_junit(summary_of(sheet))}
        except Exception as error:
            runtime.report(tenant, error)
            runtime.unwritten.append(f"{folder / tenant.settings.name} cannot be written: {type(error).__name__}")
            continue
        for name in _write(folder / tenant.settings.name, files):
            runtime.unwritten.append(name)
    if runtime.unwritten:
        more = len(runtime.unwritten) - TOLD_MAX
        told = ", ".join(runtime.unwritten[:TOLD_MAX]) + (f", and {more} more" if more > 0 else "")
        runtime.warn(f"report: {told}; the evidence is not complete")


def _write(folder: Path, files: Mapping[str, bytes]) -> Iterator[str]:
    """Writes the files of one tenant, and returns what could not be written, with the reason."""
    try:
        folder.mkdir(exist_ok=True)
        # Where others may write, a link would lead what is written out of the folder that was named.
        why = "is a symbolic link" if folder.is_symlink() else None
    except OSError as error:
        why = error.strerror
    if why is not None:
        yield f"{folder} cannot be written: {why}"
        return
    for name, content in files.items():
        try:
            write_whole(folder / name, content)
        except NotWritten as error:
            yield str(error)


def _call(runtime: Runtime, tenant: Tenant, query: str) -> Call:
    key = f"Bearer {KEY_PREFIX}{tenant.settings.name}"
    scope: Scope = {"type": "http", "method": "GET", "path": "/_mock/", "query_string": query.encode()}
    return Call(runtime, {**scope, "headers": [(b"authorization", key.encode())]}, b"")
