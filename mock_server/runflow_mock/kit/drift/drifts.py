"""Drifts: in what something that clients rely on has moved, and what that means for them.

Theory. A client was written against one document or catalog, the *pinned* one; another, the *newer* one, says something else. What a
difference means depends on who sends the part in which it is. What clients send must still be taken: there, less is allowed is *breaking*.
What they receive must still be what they expect: there, more is possible is *risky*, because a client may never have seen it, and what is
gone is breaking. Whatever only adds to what a client may do, or may read, is *additive*. Descriptions, examples, names of operations and of
parameters in paths are no difference at all.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec


class Grade(StrEnum):
    """What a drift means for a client that was written against the pinned side, the worst first."""

    BREAKING = "breaking"
    RISKY = "risky"
    ADDITIVE = "additive"


class Side(StrEnum):
    """Which part moved. A callback is received, as a response is."""

    OPERATION = "operation"
    ACCESS = "access"
    REQUEST = "request"
    RESPONSE = "response"
    CALLBACK = "callback"
    MODEL = "model"


class Change(NamedTuple):
    """One way in which something moves: what it means where clients send it, and where they receive it."""

    sent: Grade
    received: Grade
    meaning: str


class Found(NamedTuple):
    """A change at a place, before it is known whose place it is."""

    change: str
    where: tuple[str, ...]
    says: str


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. `key` is its subject in a form that does not depend on how a document calls it.

    `evidence` says how our own document or catalog knows the subject, where that is less than documented. `fake` says, where a pin of the
    user's is compared, whether the fake is still as pinned or already as the newer side.
    """

    subject: str
    key: str
    side: Side
    where: str
    change: str
    grade: Grade
    says: str
    evidence: str | None = None
    fake: str | None = None

    @property
    def identity(self) -> tuple[str, Side, str, str]:
        """By this two comparisons mean the same difference; that ours only guessed an operation makes no other one of it."""
        change = "operation-removed" if self.change == "guess-removed" else self.change
        return self.key, self.side, self.where, change


_B, _R, _A = Grade

CHANGES: Mapping[str, Change] = {
    # What a value may be.
    "type-narrowed": Change(_B, _A, "fewer types"),
    "type-widened": Change(_A, _B, "more types"),
    "type-changed": Change(_B, _B, "other types"),
    "null-refused": Change(_B, _A, "null is no longer allowed"),
    "null-possible": Change(_A, _R, "null as well"),
    "value-removed": Change(_B, _R, "a listed value is gone"),
    "value-added": Change(_A, _R, "a listed value is new, such as a status"),
    "values-listed": Change(_B, _A, "only listed values, where any were"),
    "values-free": Change(_A, _R, "any value, where only listed ones were"),
    "limit-tightened": Change(_B, _A, "a narrower limit"),
    "limit-loosened": Change(_A, _R, "a wider limit, or none"),
    "pattern-added": Change(_B, _A, "a pattern, where none was"),
    "pattern-removed": Change(_A, _R, "no pattern any more"),
    "pattern-changed": Change(_R, _R, "another pattern"),
    "format-added": Change(_R, _A, "a format, or an encoding of a text, where none was"),
    "format-removed": Change(_A, _R, "no format or encoding any more"),
    "format-changed": Change(_R, _R, "another format or encoding"),
    "default-changed": Change(_R, _A, "another default"),
    "default-added": Change(_A, _A, "a default, where none was"),
    "default-removed": Change(_R, _A, "no default any more"),
    "read-only": Change(_R, _A, "a field is read-only now: what clients send there is ignored or refused"),
    "read-only-ended": Change(_R, _A, "a field is no longer read-only: where it is required, clients have to send it"),
    "write-only": Change(_A, _B, "a field is write-only now: no answer has it any more"),
    "write-only-ended": Change(_A, _A, "a field is no longer write-only"),
    "form-removed": Change(_B, _A, "one of several forms is gone"),
    "form-added": Change(_A, _R, "a further form"),
    "rule-added": Change(_B, _A, "a further condition, such as `not`, `propertyNames` or `dependentRequired`"),
    "rule-removed": Change(_A, _R, "such a condition is gone"),
    "rule-changed": Change(_R, _R, "such a condition is another one, or the names by which forms are told apart are"),
    # What an object has.
    "field-added": Change(_A, _A, "a field is new"),
    "field-added-required": Change(_B, _A, "a field is new and required"),
    "field-required": Change(_B, _A, "a field is required now"),
    "field-optional": Change(_A, _R, "a field is no longer required"),
    "field-removed": Change(_R, _R, "an optional field is gone"),
    "required-field-removed": Change(_R, _B, "a required field is gone"),
    "field-refused": Change(_B, _R, "an optional field is gone, and no others are taken"),
    "required-field-refused": Change(_B, _B, "a required field is gone, and no others are taken"),
    "closed": Change(_B, _A, "no further fields"),
    "opened": Change(_A, _A, "further fields"),
    # What an exchange has.
    "operation-removed": Change(_B, _B, "an operation is gone"),
    "guess-removed": Change(_R, _R, "an operation is absent that ours only guessed"),
    "operation-added": Change(_A, _A, "an operation is new"),
    "operation-changed": Change(_R, _R, "an operation has another digest; what changed is not known"),
    "deprecated": Change(_R, _R, "an operation, a parameter or a field is deprecated now"),
    "server-changed": Change(_R, _R, "the document names another host"),
    "parameter-added": Change(_A, _A, "a parameter is new"),
    "parameter-added-required": Change(_B, _A, "a parameter is new and required"),
    "parameter-required": Change(_B, _A, "a parameter is required now"),
    "parameter-optional": Change(_A, _A, "a parameter is no longer required"),
    "style-changed": Change(_B, _R, "a list or an object is written otherwise"),
    "parameter-removed": Change(_R, _R, "a parameter is gone"),
    "body-required": Change(_B, _A, "a body is required now"),
    "body-optional": Change(_A, _A, "a body is no longer required"),
    "content-removed": Change(_B, _B, "a content type is gone"),
    "content-added": Change(_A, _R, "a content type is new"),
    "content-narrowed": Change(_B, _A, "fewer content types of a part, or some of a range, where all of it were"),
    "success-removed": Change(_B, _B, "a status of success is gone"),
    "success-added": Change(_R, _R, "a status of success is new"),
    "refusal-removed": Change(_R, _R, "a status of refusal is gone"),
    "refusal-added": Change(_R, _R, "a status of refusal is new"),
    "required-header-removed": Change(_R, _B, "a required header is gone"),
    "header-removed": Change(_R, _R, "a header is gone"),
    "header-added": Change(_A, _A, "a header is new"),
    "callback-removed": Change(_B, _B, "a callback is gone"),
    "callback-added": Change(_A, _A, "a callback is new"),
    "security-tightened": Change(_B, _B, "a way to be let in is gone"),
    "security-loosened": Change(_A, _A, "a further way to be let in"),
    "scope-removed": Change(_R, _R, "a scope no longer suffices"),
    "scope-added": Change(_A, _A, "a further scope suffices"),
    # What a model is.
    "model-removed": Change(_B, _B, "a model is gone"),
    "model-added": Change(_A, _A, "a model is new"),
    "model-deactivated": Change(_B, _B, "a model cannot be run any more"),
    "model-activated": Change(_A, _A, "a model can be run now"),
    "alias-removed": Change(_B, _B, "a model is gone under one of its names"),
    "alias-added": Change(_A, _A, "a model has a further name"),
    "batches-removed": Change(_B, _B, "a model takes no batches any more"),
    "batches-added": Change(_A, _A, "a model takes batches now"),
    "price-raised": Change(_R, _R, "a model costs more"),
    "price-lowered": Change(_A, _A, "a model costs less"),
    "price-changed": Change(_R, _R, "a model is charged for otherwise"),
    "slower": Change(_R, _R, "a model takes longer"),
    "faster": Change(_A, _A, "a model takes less time"),
    "output-changed": Change(_B, _B, "a model makes other files"),
}
"""Every change, and its grade where clients send the part and where they receive it."""

AS_RECEIVED = {"field-refused": "field-removed", "required-field-refused": "required-field-removed"}
"""What a change is where clients receive the part: nobody refuses what they read."""
RECEIVED = frozenset((Side.RESPONSE, Side.CALLBACK))


def grade_of(change: str, side: Side) -> Grade:
    """Returns what a change means on a side."""
    return CHANGES[change].received if side in RECEIVED else CHANGES[change].sent


def is_as_bad(grade: Grade, other: Grade) -> bool:
    """Tells whether one grade is at least as bad as another."""
    order = tuple(Grade)
    return order.index(grade) <= order.index(other)


def worst_first(drifts: Iterable[Drift]) -> tuple[Drift, ...]:
    """Returns drifts by grade, and in the order of the documents within a grade."""
    return tuple(sorted(drifts, key=lambda drift: tuple(Grade).index(drift.grade)))
