"""Compares a newer document or catalog with the pinned one: the user's own pin in `runflow.lock`, else what ships.

Three sides meet where the user has a pin: the pinned document, the newer one, and the fake, which is written to ours. Of each difference
it is then known which of the two the fake is like.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from runflow_mock.domain.documents import Json
from runflow_mock.kit.drift.catalog_drifts import Offers, catalog_drifts
from runflow_mock.kit.drift.document_drifts import DocumentComparison, drift_of
from runflow_mock.kit.drift.drifts import Drift, Found, Side
from runflow_mock.kit.drift.offers import is_catalog, offer_of, read_offers
from runflow_mock.kit.drift.records import Comparison
from runflow_mock.kit.pins.digests import canonical_digest, digest_of
from runflow_mock.kit.pins.documents import operation_digests
from runflow_mock.kit.pins.files import Pinned, pin_of
from runflow_mock.kit.suite.carriers import AppCarrier
from runflow_mock.kit.suite.comparing import Disagreement, answers
from runflow_mock.kit.suite.suite_tenants import Target
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.foreign_documents import DocumentError, Foreign
from runflow_mock.openapi.parts import FILES
from runflow_mock.openapi.problems import told
from runflow_mock.openapi.promises import as_documented, documented_contract
from runflow_mock.openapi.shapes import contract_of
from runflow_mock.openapi.texts import ignore
from runflow_mock.runtime.downloads import Downloads, is_address
from runflow_mock.runtime.foreign_documents import Tell, fetch, in_form, judging, read_values
from runflow_mock.testing.in_process import InProcess
from runflow_mock.wire.catalog import load_catalog

DOCUMENT = "openapi"
CATALOG = "catalog"
SHIPPED: Mapping[str, str] = {
    DOCUMENT: "the document that ships with runflow-mock, a reconstruction, not compared with the live one: a difference may be ours",
    CATALOG: "the catalog that ships with runflow-mock, in which much is inferred: a difference may be ours",
}
AS_PINNED = "as pinned"
AS_NEWER = "as the newer"


class Newer(NamedTuple):
    """What is compared with the pin: where it is from, its bytes and values, which pin it has, and the document in our form.

    Of a document in several files, bytes and values are those of all of them in one.
    """

    source: str
    raw: bytes
    values: Json
    kind: str
    form: Foreign | None = None


def load_newer(source: str, tell: Tell = ignore) -> Newer:
    """Returns the document or catalog of a file or address; `tell` gets lines for people.

    Raises:
        DocumentError: it cannot be read, or is neither.
        UnreachableError: nobody answers at the address.
    """
    downloads = Downloads()
    raw = fetch(source, downloads)
    values = read_values(raw, source, tell)
    if isinstance(values, dict) and ("openapi" in values or "swagger" in values):
        form = in_form(values, source, downloads=downloads)
        if FILES in form.document:
            # Files beside it can change while it stays as it is: what is compared and pinned is all of it.
            values = form.document
            raw = msgspec.json.encode(values, order="sorted")
        return Newer(source, raw, values, DOCUMENT, form)
    if is_catalog(values):
        return Newer(source, raw, values, CATALOG)
    told = "an OpenAPI document says openapi: 3.1.0, a catalog holds a list of models"
    raise DocumentError(f"{source} is neither an OpenAPI document nor a catalog: {told}")


def compare_with_pin(newer: Newer, start: Path, *, plays: bool) -> Comparison:
    """Returns what moved since the pin that is seen from a folder; with `plays` the fake's answers are held against a newer document.

    Raises:
        DocumentError: one of both cannot be used.
        LockError: the user's lock cannot be used.
    """
    pinned = pin_of(newer.kind, start)
    own = None if pinned is None or pinned.file is None else pinned
    whence = SHIPPED[newer.kind] if own is None else f"{own.pin.url} as pinned in {own.place} on {own.pin.date}, from {own.pin.source}"
    made = Comparison(kind=newer.kind, pinned=whence, newer=newer.source)
    if pinned is not None and _is_same(newer, pinned):
        return replace(made, is_same=True)
    if newer.kind == CATALOG:
        return replace(made, drifts=tuple(_catalogs(newer, own)))
    assert newer.form is not None
    # What the fake alone promises is no word of the service, neither in our document nor in a copy of it.
    document = contract_of(newer.form._replace(document=as_documented(newer.form.document)), newer.source)
    copy = None if own is None else _copy(own)
    pinned_copy = None if own is None or copy is None else judging(as_documented(copy) if isinstance(copy, dict) else copy, own.pin.url)
    made = replace(made, drifts=tuple(_documents(newer, document, own, pinned_copy)))
    # What is not understood does not count as moved, and so it has to be told.
    problems = (*document.problems, *(() if pinned_copy is None else pinned_copy.problems))
    made = replace(made, notes=told(tuple(dict.fromkeys(problems))))
    return replace(made, answers=tuple(_answers(document))) if plays and made.drifts else made


def _is_same(newer: Newer, pinned: Pinned) -> bool:
    if pinned.pin.digest == digest_of(newer.raw):
        return True
    return pinned.pin.canonical_digest is not None and pinned.pin.canonical_digest == canonical_digest(newer.values)


def _documents(newer: Newer, document: Contract, own: Pinned | None, copy: Contract | None) -> Iterator[Drift]:
    if own is None:
        yield from DocumentComparison(documented_contract(), document).drifts()
        return
    fake = {drift.identity for drift in DocumentComparison(documented_contract(), document).drifts()}
    moved = _by_digest(own, newer) if copy is None else DocumentComparison(copy, document).drifts()
    for drift in moved:
        yield replace(drift, fake=AS_PINNED if drift.identity in fake else AS_NEWER) if copy is not None else drift


def _by_digest(own: Pinned, newer: Newer) -> Iterator[Drift]:
    """Yields which operations moved, where only the digests of the pinned ones are known."""
    if not own.pin.operations:
        raise DocumentError(f"{own.place} has neither a copy of {own.pin.url} nor digests of its operations; pin with drift --pin")
    assert newer.form is not None
    now = operation_digests(newer.form.document)
    for name, digest in own.pin.operations.items():
        if name not in now:
            yield drift_of(name, name, Side.OPERATION, Found("operation-removed", (), "no operation has this name any more"))
        elif now[name] != digest:
            says = "its digest is another; what changed cannot be said without a copy of the pinned document"
            yield drift_of(name, name, Side.OPERATION, Found("operation-changed", (), says))
    for name in now:
        if name not in own.pin.operations:
            yield drift_of(name, name, Side.OPERATION, Found("operation-added", (), "it is new"))


def _catalogs(newer: Newer, own: Pinned | None) -> Iterable[Drift]:
    copy = None if own is None else _copy(own)
    if own is not None and copy is None:
        raise DocumentError(f"{own.place} has no copy of {own.pin.url} to compare with; pin with drift --pin")
    old: Offers = {model.id: offer_of(model) for model in load_catalog().models} if own is None else read_offers(copy, own.pin.url)
    return catalog_drifts(old, read_offers(newer.values, newer.source))


def _copy(own: Pinned) -> Json:
    """Returns the values of the pinned copy beside the user's lock, or nothing where only its digest is known."""
    if own.file is None or is_address(own.pin.url):
        return None
    file = own.file.parent / own.pin.url
    raw = fetch(str(file))
    if digest_of(raw) != own.pin.digest:
        raise DocumentError(
            f"{file} is not what {own.place} pins: its digest is {digest_of(raw)}; restore it, or pin anew with drift --pin"
        )
    return read_values(raw, str(file))


def _answers(contract: Contract) -> Iterator[Disagreement]:
    app = InProcess()
    try:
        yield from answers(contract, Target(AppCarrier(app), None))
    finally:
        app.stop()
