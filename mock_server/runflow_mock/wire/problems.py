"""Problems: what the API answers when something is wrong. One shape, and one table from what went wrong to status, code and text.

Source: `errors.envelope` (flat `code`, `message`, `errors`), `errors.codes`. Inferred: the codes of 400, 405, 413 and 500, and the
entries of 422s that have no field.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import msgspec

from runflow_mock.domain import errors
from runflow_mock.domain.dialects import Dialect
from runflow_mock.domain.documents import Json
from runflow_mock.domain.errors import DomainError
from runflow_mock.domain.filters import QueryError
from runflow_mock.domain.money import format_money

Location = tuple[str | int, ...]


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field: where, in words, and as a stable word."""

    loc: Location
    msg: str
    type: str


class Problem(Exception):
    """An answer that says what is wrong.

    Whatever reads a body or a parameter of the API raises it, with 422 and everything that is wrong with what was sent.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: Sequence[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        self.headers = dict(headers or {})


def represent_problem(problem: Problem) -> dict[str, Json]:
    """Returns the body of a problem."""
    return {
        "code": problem.code,
        "message": problem.message,
        "errors": None
        if problem.fields is None
        else [{"loc": list(field.loc), "msg": field.msg, "type": field.type} for field in problem.fields],
    }


def invalid(*fields: FieldError) -> Problem:
    """Returns the 422 that lists what is wrong with each field."""
    return Problem(422, "VALIDATION_ERROR", "Request validation failed", fields)


def invalid_field(loc: Location, msg: str, kind: str = "value_error") -> Problem:
    """Returns the 422 for a single field."""
    return invalid(FieldError(loc, msg, kind))


def bad_request(message: str) -> Problem:
    """Returns the 400 for a request that cannot be read at all."""
    return Problem(400, "BAD_REQUEST", message)


def unauthorized(message: str) -> Problem:
    """Returns the 401 for a missing or unusable key."""
    return Problem(401, "UNAUTHORIZED", message, headers={"WWW-Authenticate": "Bearer"})


def forbidden(message: str, code: str = "PERMISSION_DENIED") -> Problem:
    """Returns the 403 for a key that may not do this."""
    return Problem(403, code, message)


def not_found(message: str) -> Problem:
    """Returns the 404 for a route or a thing that does not exist."""
    return Problem(404, "NOT_FOUND", message)


def method_not_allowed(method: str, allowed: Sequence[str]) -> Problem:
    """Returns the 405 that lists the methods which the route knows."""
    known = ", ".join(allowed)
    return Problem(405, "METHOD_NOT_ALLOWED", f"{method} is not allowed here; allowed are {known}.", headers={"Allow": known})


def conflict(message: str) -> Problem:
    """Returns the 409 for a request that contradicts what is there."""
    return Problem(409, "CONFLICT", message)


def too_large(limit: int) -> Problem:
    """Returns the 413 for a body beyond the limit."""
    return Problem(413, "PAYLOAD_TOO_LARGE", f"The body is larger than {limit} bytes.")


def internal_error() -> Problem:
    """Returns the 500 for a bug of ours; the journal and the log hold the trace."""
    return Problem(500, "INTERNAL_ERROR", "The fake has a bug: see its log. Please report it.")


def rate_limited(message: str) -> Problem:
    """Returns the 429 for a client that asks too often; its headers depend on the dialect."""
    return Problem(429, "RATE_LIMITED", f"Rate limit exceeded: {message}")


def not_now(why: str) -> Problem:
    """Returns the 503 for what may be asked for again in a second."""
    return Problem(503, "SERVICE_UNAVAILABLE", f"{why}.", headers={"Retry-After": "1"})


def usual_problem(status: int, dialect: Dialect) -> Problem:
    """Returns the problem that goes with a status from 400 on, for somebody who knows no more than the status."""
    if status == 402:
        return Problem(402, _credit_code(dialect), "The projected cost exceeds the available balance. Nothing was created.")
    usual = _USUAL.get(status)
    if usual is not None:
        return usual()
    code, message = ("INTERNAL_ERROR", "Something went wrong on our side.") if status >= 500 else ("BAD_REQUEST", "This cannot be done.")
    return Problem(status, code, message)


def problem_of(error: DomainError, dialect: Dialect) -> Problem:
    """Returns the answer to a refused command."""
    return _PROBLEMS[type(error)](error, dialect)


def _not_found(error: errors.NotFound, dialect: Dialect) -> Problem:
    code = "RUN_NOT_FOUND" if error.noun == "run" and dialect.error_codes == "docs" else "NOT_FOUND"
    return Problem(404, code, f"There is no {error.noun} {error.identifier[:80]}.")


def _model_not_found(error: errors.ModelNotFound, dialect: Dialect) -> Problem:
    nearest = f" Did you mean {error.nearest}?" if error.nearest else ""
    # A strict tenant is told of no way out that it has not.
    served, more = (" by their paths", "") if dialect.is_proven else ("", ", --unknown-models accept takes any id")
    way_out = f"runflow-mock serves the models of its catalog{served}; --catalog FILE adds models{more}."
    return not_found(f"There is no model {error.model_id[:200]!r}.{nearest} ({way_out})")


def _not_batchable(error: errors.ModelNotBatchable, dialect: Dialect) -> Problem:
    return invalid_field(("path", "model_id"), f"{error.model_id} does not take batches; create runs instead")


def _credit_code(dialect: Dialect) -> str:
    return "INSUFFICIENT_CREDIT" if dialect.error_codes == "docs" else "INSUFFICIENT_CREDITS"


def _insufficient(error: errors.InsufficientCredits, dialect: Dialect) -> Problem:
    projected, available = format_money(error.projected), format_money(error.available)
    return Problem(
        402, _credit_code(dialect), f"The projected cost of {projected} USD exceeds the available {available} USD. Nothing was created."
    )


def _redelivery(kind: str) -> Callable[[errors.NotTerminal, Dialect], Problem]:
    return lambda error, dialect: invalid_field(("path", f"{error.noun}_id"), str(error), kind)


def _secret_is_current(error: errors.SecretIsCurrent, dialect: Dialect) -> Problem:
    return invalid_field(("body", "is_current"), "promote another secret instead of demoting the current one")


def _outdated(error: errors.Outdated, dialect: Dialect) -> Problem:
    return conflict(f"The {error.noun} has changed since you read it: read it again and repeat the change.")


def _bytes_missing(error: errors.BytesMissing, dialect: Dialect) -> Problem:
    return invalid_field(("path", "asset_upload_id"), "the bytes have not arrived: PUT them to the upload_url first", "not_uploaded")


def _name_taken(error: errors.NameTaken, dialect: Dialect) -> Problem:
    return conflict(f"There is already a {error.noun} {error.name[:80]!r}: change that one, or choose another name.")


def _foreign_record(error: errors.ForeignRecord, dialect: Dialect) -> Problem:
    return forbidden(f"The {error.noun} {error.identifier} belongs to another organization: it can be read and run, but not changed.")


def _key_reused(error: errors.KeyReused, dialect: Dialect) -> Problem:
    return conflict("This Idempotency-Key was used with another body: use a new key for a new request.")


def _limit_reached(error: errors.LimitReached, dialect: Dialect) -> Problem:
    return Problem(503, "SERVICE_UNAVAILABLE", tell_full(error))


def tell_full(error: errors.LimitReached) -> str:
    """Returns what is said of a tenant that is full, with the way out."""
    return f"runflow-mock: this tenant is full ({error}); reset the tenant, use a fresh one, or raise the limit."


def _query(error: QueryError, dialect: Dialect) -> Problem:
    return invalid_field(("query", error.parameter), error.message)


_USUAL: Mapping[int, Callable[[], Problem]] = {
    401: lambda: unauthorized("The API key is not valid any more."),
    403: lambda: forbidden("The key lacks the permission for this."),
    404: lambda: not_found("There is no such record or route."),
    405: lambda: method_not_allowed("This method", ()),
    409: lambda: conflict("The record has changed meanwhile: read it again and repeat the change."),
    413: lambda: Problem(413, "PAYLOAD_TOO_LARGE", "The body is too large."),
    422: lambda: invalid_field(("body",), "The value is not acceptable"),
    429: lambda: rate_limited("wait before you try again."),
    503: lambda: Problem(503, "SERVICE_UNAVAILABLE", "The service is not available at the moment."),
}

_PROBLEMS = cast(
    Mapping[type, Callable[[DomainError, Dialect], Problem]],
    {
        errors.NotFound: _not_found,
        errors.ModelNotFound: _model_not_found,
        errors.ModelNotBatchable: _not_batchable,
        errors.InsufficientCredits: _insufficient,
        errors.NotTerminal: _redelivery("not_terminal"),
        errors.CallbackUrlMissing: _redelivery("missing_callback_url"),
        errors.DeliveryInFlight: _redelivery("conflict"),
        errors.SecretIsCurrent: _secret_is_current,
        errors.Outdated: _outdated,
        errors.BytesMissing: _bytes_missing,
        errors.NameTaken: _name_taken,
        errors.ForeignRecord: _foreign_record,
        errors.KeyReused: _key_reused,
        errors.LimitReached: _limit_reached,
        QueryError: _query,
    },
)
