"""`runflow-mock kept`: the tenants that a server keeps in a folder, while no server runs on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from runflow_mock.cli.options import json_option
from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.money import format_money
from runflow_mock.domain.objections import objections
from runflow_mock.domain.tenants import is_tenant_name
from runflow_mock.engine.history import repeat
from runflow_mock.engine.snapshots import read_snapshot
from runflow_mock.runtime.config import ConfigError, is_broker
from runflow_mock.runtime.files import NotWritten
from runflow_mock.runtime.keepers import KeepError
from runflow_mock.runtime.keeping import OWNER
from runflow_mock.runtime.kept_files import ENDINGS, SUFFIX, FullDisk, KeptFile, Taken
from runflow_mock.runtime.refusals import Contradiction, refuse_contradictions
from runflow_mock.wire.kept import DAMAGE, KeptTenant, read_tenant
from runflow_mock.wire.times import write_instant

DecoratedT = TypeVar("DecoratedT", bound=Callable[..., object])


class _Folder(click.Path):
    """A folder; what a broker keeps is no folder, and is told so."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and is_broker(value):
            text = "what a broker keeps belongs to the workers of `serve --keep nats://…`: ask one of them"
            self.fail(f"{text}, with GET /_mock/tenants, GET and PUT /_mock/snapshot, DELETE /_mock/tenants/NAME", param, ctx)
        return super().convert(value, param, ctx)


def _folder_option(decorated: DecoratedT) -> DecoratedT:
    text = "Folder of `serve --keep`; the tenants of a broker are had from its workers, over HTTP."
    kind = _Folder(exists=True, file_okay=False, path_type=Path)
    return click.option("--keep", required=True, type=kind, envvar="RUNFLOW_MOCK_KEEP", show_envvar=True, help=text)(decorated)


@click.group()
def command() -> None:
    """List, show, export, import and remove kept tenants.

    A server that runs owns its files: stop it first. A tenant is one file, which holds its secrets.
    """


@command.command("list")
@_folder_option
@json_option("Write one JSON array.")
def list_kept(*, keep: Path, as_json: bool) -> None:
    """List the tenants of a folder.

    Exit codes: 0, 1 the disk is full, 2 wrong usage, or a file cannot be read: the others are listed.
    """
    found, wrong, full = [], [], dict[Path, str]()
    for path in sorted(keep.glob(f"*{SUFFIX}")):
        try:
            found.append(_described(path.name, _read(path)[0]))
        except NotWritten as error:
            full.update(error.reasons)
        except ConfigError as error:
            wrong.append(str(error))
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        for each in found:
            click.echo(f"{each['tenant']}  {each['now']}  {each['runs']} runs, {each['batches']} batches, balance {each['balance']}")
        if not (found or wrong or full):
            click.echo(f"no tenant is kept in {keep}")
    if wrong:
        raise ConfigError("; ".join((*wrong, *map(str, full and [NotWritten(full)]))))
    if full:
        raise NotWritten(full)


@command.command("show")
@click.argument("tenant")
@_folder_option
@json_option("Write one JSON object.")
def show_kept(tenant: str, *, keep: Path, as_json: bool) -> None:
    """Show what is kept of a tenant.

    Exit codes: 0 shown, 2 there is no such tenant, or its file cannot be read.
    """
    described = _described(f"{tenant}{SUFFIX}", _read(_path(keep, tenant))[0])
    if as_json:
        click.echo(msgspec.json.encode(described).decode())
        return
    width = max(map(len, described))
    for name, value in described.items():
        click.echo(f"{name:{width}}  {value}")


@command.command("export")
@click.argument("tenant")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_folder_option
@json_option("Write one JSON line with the file that was written.")
def export_kept(tenant: str, file: Path, *, keep: Path, as_json: bool) -> None:
    """Write a tenant into one file, for a colleague or for later. It holds the tenant's secrets.

    Exit codes: 0 written, 1 it cannot be written, 2 there is no such tenant, or the file is there already.
    """
    source = _open(_path(keep, tenant))
    try:
        source.copy_to(file)
    except KeepError as error:
        raise ConfigError(str(error)) from None
    finally:
        source.close()
    _tell({"tenant": tenant, "file": str(file), "bytes": file.stat().st_size}, f"{tenant}: written to {file}", as_json=as_json)


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_folder_option
@json_option("Write one JSON line with the tenant.")
def import_kept(file: Path, *, keep: Path, as_json: bool) -> None:
    """Take a tenant from an exported file.

    A server that starts on the folder has it then, under its own name.

    Exit codes: 0 taken, 1 it cannot be written, 2 the file cannot be read, or there is a tenant of that name already.
    """
    if not file.stat().st_size:
        # To open it as a tenant's would be to write into it.
        raise ConfigError(f"keep: {file} cannot be read: it is empty")
    kept, source = _read(file, is_open=True)
    name = kept.head.world.settings.name
    target = _path(keep, name)
    try:
        # Somebody else may have written it: a server that starts looks at the figures alone, since that costs it nothing.
        found = objections(kept.head.world)
        if found:
            raise ConfigError(f"{file} cannot be read: {found[0]}")
        _described(file.name, kept)
        with _owned(keep):
            if target.exists():
                raise ConfigError(f"keep: there is a tenant {name} already: `runflow-mock kept remove {name}` makes room")
            source.copy_to(target)
    except KeepError as error:
        raise ConfigError(f"keep: {error}") from None
    finally:
        source.close()
    _tell({"tenant": name, "file": str(_path(keep, name))}, f"{name}: taken from {file}", as_json=as_json)


@command.command("remove")
@click.argument("tenant")
@_folder_option
@json_option("Write one JSON line with the file that was removed.")
def remove_kept(tenant: str, *, keep: Path, as_json: bool) -> None:
    """Remove a tenant with everything in it.

    Exit codes: 0 removed, 2 there is no such tenant, or a server owns it.
    """
    path = _path(keep, tenant)
    if path.is_file():
        # Whoever can open it is its only owner, so that nothing is taken from under a server.
        _open(path).close()
    else:
        raise ConfigError(f"keep: there is no tenant {tenant!r} in {keep}")
    for ending in ENDINGS:
        path.with_name(path.name + ending).unlink(missing_ok=True)
    _tell({"tenant": tenant, "file": str(path)}, f"{tenant}: removed", as_json=as_json)


def _described(file: str, kept: KeptTenant) -> dict[str, object]:
    """Returns what there is to tell of the tenant in a file, as it stands."""
    world, standing = kept.head.world, kept.standing
    try:
        store = read_snapshot(world).store
        for row in kept.rows:
            for commit in row.commits:
                repeat(store, commit)
        refuse_contradictions(store, world.settings)
    except Contradiction as error:
        raise ConfigError(f"keep: {file} cannot be read: {error}") from None
    except (DomainError, *DAMAGE):
        raise ConfigError(f"keep: {file} cannot be read: its rows do not follow from each other") from None
    return {
        "tenant": file.removesuffix(SUFFIX),
        "seed": world.settings.seed,
        "dialect": world.settings.dialect,
        "clock": world.settings.clock.value,
        "made_by": kept.head.made_by,
        "started_at": write_instant(world.started_at),
        "now": write_instant(standing.present),
        "runs": len(store.runs),
        "batches": len(store.batches),
        "balance": format_money(store.ledger.balance),
        "exchanges": standing.journaled,
        "files": len(kept.files),
    }


def _path(keep: Path, tenant: str) -> Path:
    if not is_tenant_name(tenant):
        raise ConfigError(f"tenant {tenant[:80]!r} is no name of a tenant: a-z, 0-9 and _, 1 to 64 of them")
    return keep / f"{tenant}{SUFFIX}"


def _open(path: Path) -> KeptFile:
    if not path.is_file():
        raise ConfigError(f"keep: there is no file {path}")
    try:
        return KeptFile(path)
    except FullDisk as error:
        # To open a tenant's file is to write into it.
        raise NotWritten({path: str(error).removeprefix(f"{path}: ")}) from None
    except KeepError as error:
        raise ConfigError(f"keep: {error}") from None


@contextmanager
def _owned(keep: Path) -> Iterator[None]:
    """Owns a folder while the context lasts, so that no server does: one that runs would never read what comes into it."""
    try:
        lock = KeptFile(keep / OWNER)
    except Taken:
        raise ConfigError(f"keep: {keep} belongs to a server that runs: stop it first") from None
    except KeepError as error:
        raise NotWritten({keep: str(error)}) from None
    try:
        yield
    finally:
        lock.close()


def _read(path: Path, *, is_open: bool = False) -> tuple[KeptTenant, KeptFile]:
    """Returns what is in a file, and the file, closed unless it is asked for open."""
    file = _open(path)
    is_good = False
    try:
        if not file.is_begun:
            raise KeepError("whoever began it ended before there was a tenant in it")
        kept = read_tenant(*file.read())
        is_good = True
    except (KeepError, ValueError) as error:
        raise ConfigError(f"keep: {path} cannot be read: {error}") from None
    finally:
        if not (is_open and is_good):
            file.close()
    return kept, file


def _tell(told: dict[str, object], text: str, *, as_json: bool) -> None:
    click.echo(msgspec.json.encode(told).decode() if as_json else text)
