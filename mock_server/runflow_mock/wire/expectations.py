"""Expectations in the file of a scenario: `{label?, runs: {succeeded: 3}}`, and what became of them."""

from collections.abc import Mapping

from msgspec.structs import replace

from runflow_mock.domain.clauses import Verified
from runflow_mock.domain.documents import Json, read_document, write_document
from runflow_mock.domain.expectations import AMOUNTS, COUNTED, Checked, Expectation, Noun, Span
from runflow_mock.domain.money import Money, format_money
from runflow_mock.wire.clauses import convert_statement, represent_verified
from runflow_mock.wire.control import COUNT_MAX, ControlError, money, refused
from runflow_mock.wire.faults import Names

SPAN = ("at_least", "at_most")
MATCHED_MAX = 100
"""Of so many exchanges that fit an expectation it is told which they are."""


def decode_expectation(body: Json, names: Names) -> Expectation:
    """Returns one expectation."""
    nouns = ", ".join(Noun)
    if not isinstance(body, dict):
        raise refused(f"an expectation is an object with a label and one of {nouns}")
    given = [name for name in body if name != "label"]
    if len(given) != 1 or given[0] not in set(Noun):
        raise refused(f"{given[-1]}: an expectation takes a label and one of {nouns}" if given else f"say one of {nouns}")
    label = body.get("label")
    if label is not None and not isinstance(label, str):
        raise refused("label must be a text")
    noun, figures = Noun(given[0]), body[given[0]]
    if not isinstance(figures, dict) or not figures:
        raise refused(f"{noun} must be an object that says what is expected")
    if noun is Noun.REQUESTS:
        try:
            convert_statement(figures, names)
        except ControlError as error:
            raise refused(f"requests.{error.message}") from None
        return Expectation(label=label, noun=noun, clause=write_document(figures))
    if noun is Noun.LEDGER:
        return Expectation(label=label, noun=noun, amounts={name: _amount(name, value) for name, value in figures.items()})
    return Expectation(label=label, noun=noun, counts={name: _span(noun, name, value) for name, value in figures.items()})


def represent_expectation(expectation: Expectation) -> dict[str, object]:
    """Returns an expectation as it is written."""
    shown = {} if expectation.label is None else {"label": expectation.label}
    return {**shown, expectation.noun.value: _wanted(expectation)}


def represent_checked(checked: Checked) -> dict[str, object]:
    """Returns an expectation with what was found."""
    seen: Mapping[str, object] = {**checked.counts, **{name: format_money(amount) for name, amount in checked.amounts.items()}}
    expectation = checked.expectation
    found = seen if checked.verified is None else _represent_seen(checked.verified)
    return {
        "label": expectation.label,
        "about": expectation.noun.value,
        "held": checked.held,
        "expected": _wanted(expectation),
        "seen": found,
    }


def _represent_seen(verified: Verified) -> dict[str, object]:
    """Returns what became of a statement, with some of the exchanges that it took: each of a thousand may have taken them all."""
    first = replace(verified, matched=verified.matched[:MATCHED_MAX])
    return {**represent_verified(first), "count": len(verified.matched)}


def _wanted(expectation: Expectation) -> object:
    if expectation.clause is not None:
        return read_document(expectation.clause)
    amounts = {name: format_money(amount) for name, amount in expectation.amounts.items()}
    return {**{name: _shown(span) for name, span in expectation.counts.items()}, **amounts}


def _shown(span: Span) -> object:
    if span.at_least == span.at_most:
        return span.at_least
    low = {"at_least": span.at_least} if span.at_least or span.at_most is None else {}
    return low if span.at_most is None else {**low, "at_most": span.at_most}


def _span(noun: Noun, name: str, value: Json) -> Span:
    if name not in COUNTED[noun]:
        raise refused(f"{noun}.{name} is nothing that can be counted; choose from {', '.join(COUNTED[noun])}")
    if isinstance(value, dict) and value and set(value) <= set(SPAN):
        low, high = value.get("at_least", 0), value.get("at_most")
        return Span(_count(noun, name, low), None if high is None else _count(noun, name, high))
    exactly = _count(noun, name, value)
    return Span(exactly, exactly)


def _count(noun: Noun, name: str, value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= COUNT_MAX:
        raise refused(f"{noun}.{name} {str(value)[:80]!r} must be a number from 0, or an object with at_least or at_most")
    return value


def _amount(name: str, value: Json) -> Money:
    if name not in AMOUNTS:
        raise refused(f"ledger.{name} is no figure of the ledger; choose from {', '.join(AMOUNTS)}")
    if not isinstance(value, str):
        raise refused(f"ledger.{name} {str(value)[:80]!r} must be a text in quotes, such as '9.730000'")
    return money(value, f"ledger.{name}")
