"""Clauses on the wire of the control API: `{method?, path?, …, status?, headers?, count?, at_least?, at_most?, within?}`, alone or as
`sequence`.
"""

from datetime import timedelta

import msgspec

from runflow_mock.decoders import convert
from runflow_mock.domain.clauses import Clause, JournalSubject, Progress, Verified, verify, verify_sequence
from runflow_mock.domain.documents import NOT_JSON, Json, read_document
from runflow_mock.domain.exchanges import digest_of_key
from runflow_mock.domain.hints import with_all
from runflow_mock.domain.misses import NearestMiss
from runflow_mock.wire.control import UNKNOWN_FIELD, duration, refused, status_pattern
from runflow_mock.wire.faults import Names, WirePlace, decode_place

SEQUENCE_MAX = 100
COUNT_MAX = 1_000_000
HEADERS_MAX = 50
"""Of how many headers a clause may say something: each is looked for in each exchange."""


class WireClause(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One clause as it is written."""

    method: str | None = None
    path: str | None = None
    operation: str | None = None
    model: str | None = None
    client_ref: str | None = None
    input: dict[str, object] | None = None
    metadata: dict[str, object] | None = None
    run_id: str | None = None
    batch_id: str | None = None
    status: int | str | None = None
    headers: dict[str, str | None] = {}
    count: int | None = None
    at_least: int | None = None
    at_most: int | None = None
    within: str | int | float | None = None


class WireSequence(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Several clauses that follow one another, as they are written."""

    sequence: list[WireClause]
    within: str | int | float | None = None


class Statement(msgspec.Struct, frozen=True):
    """What is said about the journal: one clause, or several that follow one another."""

    clauses: tuple[Clause, ...]
    is_sequence: bool
    within: timedelta | None = None

    def check(self, entries: list[JournalSubject]) -> Verified:
        """Returns whether it is true of exchanges in their order, and if it is not, what came nearest."""
        return verify_sequence(self.clauses, entries, self.within) if self.is_sequence else verify(self.clauses[0], entries)

    def begin(self) -> Progress:
        """Returns what finds out, exchange by exchange, whether it has become true."""
        return Progress(self.clauses, is_sequence=self.is_sequence, within=self.within)


def decode_statement(raw: bytes, names: Names) -> Statement:
    """Returns the statement in a body.

    Raises:
        ControlError: 422 that names what is wrong and what is possible.
        ModelNotFound: it names a model that does not exist.
    """
    try:
        value: Json = read_document(raw or b"{}")
    except NOT_JSON as error:
        raise refused(f"the body is not valid JSON: {error}") from None
    return convert_statement(value, names)


def convert_statement(value: Json, names: Names) -> Statement:
    """Returns the statement that a JSON value writes; see `decode_statement`."""
    is_sequence = isinstance(value, dict) and "sequence" in value
    written: WireSequence | WireClause
    try:
        written = convert(value, WireSequence) if is_sequence else convert(value, WireClause)
    except msgspec.ValidationError as error:
        unknown = UNKNOWN_FIELD.fullmatch(str(error))
        takes = with_all(unknown["name"][:80] if unknown else "", WireClause.__struct_fields__, "a clause takes")
        raise refused(f"{error}{takes}; several go into sequence") from None
    if isinstance(written, WireClause):
        return Statement((_clause(written, names, ""),), is_sequence=False)
    if not 1 <= len(written.sequence) <= SEQUENCE_MAX:
        raise refused(f"sequence has {len(written.sequence)} clauses; it takes from 1 to {SEQUENCE_MAX}")
    clauses = tuple(_step(clause, names, f"sequence[{index}].") for index, clause in enumerate(written.sequence))
    return Statement(clauses, is_sequence=True, within=_within(written.within, "within"))


def represent_verified(verified: Verified) -> dict[str, object]:
    """Returns what became of a statement; one that is not true has the shape of an error as well."""
    shown: dict[str, object] = {"verified": verified.holds, "matched": list(verified.matched)}
    if verified.holds:
        return shown
    nearest = None if verified.nearest is None else represent_miss(verified.nearest)
    return {"error": {"type": "not_verified", "message": _told(verified)}, **shown, "step": verified.step, "nearest": nearest}


def represent_miss(miss: NearestMiss) -> dict[str, object]:
    """Returns the nearest miss."""
    return {
        "id": miss.id,
        "differences": [{"field": found.field, "expected": found.wanted, "seen": found.seen} for found in miss.differences],
        **({"more": miss.more} if miss.more else {}),
    }


def _told(verified: Verified) -> str:
    if verified.nearest is None:
        return verified.message or ""
    shown = "; ".join(f"{found.field}: expected {found.wanted!r}, saw {found.seen!r}"[:300] for found in verified.nearest.differences[:5])
    return f"{verified.message}; the nearest is {verified.nearest.id} ({shown})"


def _step(written: WireClause, names: Names, prefix: str) -> Clause:
    clause = _clause(written, names, prefix)
    if clause.at_least < 1 or clause.at_most is not None or written.within is not None:
        way_out = "a step takes at_least, from 1; say what must not be in a clause alone, and within for the whole"
        raise refused(f"{prefix[:-1]}: {way_out}")
    return clause


def _clause(written: WireClause, names: Names, prefix: str) -> Clause:
    place = WirePlace(**{name: getattr(written, name) for name in WirePlace.__struct_fields__ if name in WireClause.__struct_fields__})
    at_least, at_most = _span(written, prefix)
    if len(written.headers) > HEADERS_MAX:
        raise refused(f"{prefix}headers has {len(written.headers)} entries; {HEADERS_MAX} are possible")
    return Clause(
        where=decode_place(place, names, prefix),
        status=None if written.status is None else status_pattern(str(written.status), f"{prefix}status"),
        headers={name.lower(): _as_kept(name.lower(), value) for name, value in written.headers.items()},
        at_least=at_least,
        at_most=at_most,
        within=_within(written.within, f"{prefix}within"),
    )


def _as_kept(name: str, value: str | None) -> str | None:
    """Returns the value of a header as the journal has it, which keeps no more than a digest of an Idempotency-Key."""
    is_digested = name == "idempotency-key" and value not in (None, "*")
    return digest_of_key(value or "") if is_digested else value


def _span(written: WireClause, prefix: str) -> tuple[int, int | None]:
    """Returns how many there must be: at least one, unless something else is said."""
    given = {name: value for name in ("count", "at_least", "at_most") if (value := getattr(written, name)) is not None}
    for name, value in given.items():
        if not 0 <= value <= COUNT_MAX:
            raise refused(f"{prefix}{name} {value} must be from 0 to {COUNT_MAX}")
    if "count" in given:
        if len(given) > 1:
            raise refused(f"{prefix}count says how many exactly; leave out at_least and at_most")
        return given["count"], given["count"]
    at_least = given.get("at_least", 0 if "at_most" in given else 1)
    if at_least > given.get("at_most", at_least):
        raise refused(f"{prefix}at_least {at_least} is more than at_most {given['at_most']}")
    return at_least, given.get("at_most")


def _within(value: str | int | float | None, name: str) -> timedelta | None:
    return None if value is None else duration(value, name)
