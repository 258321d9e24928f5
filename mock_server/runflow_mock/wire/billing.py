"""The credit balance on the wire, as customers read it and as the control API's ledger shows it.

Source: `credits.balance` (an object with a decimal string), `credits.threshold`; `credits.list` is named by one client only.
"""

import re
from datetime import datetime

import msgspec

from runflow_mock.domain.commands import SetThreshold
from runflow_mock.domain.documents import Json
from runflow_mock.domain.filters import Field
from runflow_mock.domain.identity import OrganizationId, named_uuid
from runflow_mock.domain.ledger import Entry, Ledger
from runflow_mock.domain.money import Money, format_money, parse_money
from runflow_mock.wire.listing import text_fields, time_fields
from runflow_mock.wire.problems import FieldError, invalid
from runflow_mock.wire.requests import optional_instant
from runflow_mock.wire.times import write_instant, write_optional

THRESHOLD_MAX = 1_000_000_000

_THRESHOLD = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)


class BalanceRow(msgspec.Struct, frozen=True):
    """A balance as a list finds and sorts it."""

    id: str
    created_at: datetime


BALANCE_FIELDS: dict[str, Field[BalanceRow]] = {
    **text_fields("id"),
    **time_fields("created_at"),
}


def decode_threshold(body: dict[str, Json]) -> SetThreshold:
    """Returns the command in a body: a number, a decimal string or null, and optionally the `updated_at` that was read."""
    errors: list[FieldError] = []
    threshold = None
    if "low_balance_threshold" not in body:
        errors.append(FieldError(("body", "low_balance_threshold"), "field required", "missing"))
    try:
        threshold = _amount(body.get("low_balance_threshold"))
    except ValueError as error:
        errors.append(FieldError(("body", "low_balance_threshold"), str(error), "decimal_parsing"))
    updated_at = optional_instant(body, "updated_at", errors)
    if not isinstance(body.get("updated_at"), str | None):
        errors.append(FieldError(("body", "updated_at"), "Input should be a valid datetime", "datetime_parsing"))
    if errors:
        raise invalid(*errors)
    return SetThreshold(threshold, updated_at)


def represent_balance(ledger: Ledger, org_id: OrganizationId, created_at: datetime) -> dict[str, object]:
    """Returns the balance of an organization; it falls at a charge, not at a hold."""
    return {
        "id": named_uuid("balance", org_id),
        "org_id": org_id,
        "balance": format_money(ledger.balance),
        "low_balance_threshold": None if ledger.threshold is None else format_money(ledger.threshold),
        "low_balance_notified_at": None,
        "created_at": write_instant(created_at),
        "updated_at": write_optional(ledger.updated_at),
    }


def represent_entry(entry: Entry) -> dict[str, object]:
    """Returns one movement of the ledger."""
    return {
        "at": write_instant(entry.at),
        "kind": entry.kind.value,
        "amount": format_money(entry.amount),
        "run_id": entry.run_id,
        "batch_id": entry.batch_id,
        "evaluation_id": entry.evaluation_id,
    }


def _amount(value: Json) -> Money | None:
    if value is None:
        return None
    if isinstance(value, str):
        if _THRESHOLD.fullmatch(value) is None:
            raise ValueError("Input should be a decimal number such as '2.50', with at most nine digits and six places")
        return parse_money(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Input should be a number")
    if not 0 <= value <= THRESHOLD_MAX:
        raise ValueError(f"Input should be between 0 and {THRESHOLD_MAX}")
    return parse_money(f"{value:.6f}")
