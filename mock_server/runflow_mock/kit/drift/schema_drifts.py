"""Schema drifts: in what two schemas differ, the pinned one and the newer, whatever way each is written down in.

A newer schema that allows less *narrows*, one that allows more *widens*; what either means depends on who sends the value, which is not
known here. Where two lists of forms differ, forms that both have are left out, and the rest are compared in pairs, each with the one that
is most like it.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice, zip_longest
from math import inf

from msgspec.structs import replace

from runflow_mock.domain.documents import Json
from runflow_mock.kit.drift.drifts import CHANGES, Found, Grade
from runflow_mock.kit.drift.implied_limits import limits_to_compare
from runflow_mock.kit.drift.schema_forms import ANYTHING, DEPTH_MAX, Form, FormReading
from runflow_mock.kit.drift.schema_limits import limit_drifts
from runflow_mock.kit.drift.schema_rules import ANNOTATIONS, referred
from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.directions import Direction

SAID_MAX = 80
MARKED = {"readOnly": "read-only", "writeOnly": "write-only", "deprecated": "deprecated"}
FOUND_MAX = 500
PAIRED_MAX = 24
"""How many forms of a choice are compared each with each."""
# What a form can no longer be tells it apart from another one more than what it may be as well.
_WEIGHTS = {Grade.BREAKING: 100, Grade.RISKY: 10, Grade.ADDITIVE: 1}

Pair = tuple[Form, Form]


class SchemaComparison:
    """Compares schemas of two contracts; what was compared once is known. Inside a schema that leads to itself it is told once."""

    def __init__(self, old: Contract, new: Contract, direction: Direction | None = None, *, has_bytes: bool = False) -> None:
        """Takes what is known of the messages: their direction, as some fields go the other way alone, and whether bytes stand in them."""
        self._has_bytes = has_bytes
        self._old = FormReading(old)
        self._new = FormReading(new)
        self._absent = None if direction is None else direction.value
        # Beside what was found stands the least depth at which it is all that there is.
        self._known: dict[tuple[int, int], tuple[int, tuple[Found, ...]]] = {}
        self._cut = 0

    def drifts(self, old: Json, new: Json) -> tuple[Found, ...]:
        """Returns every difference of two schemas, each at its place inside the value."""
        return self._drifts(old, new, 0)

    def _drifts(self, old: Json, new: Json, depth: int) -> tuple[Found, ...]:
        if depth > DEPTH_MAX:
            self._cut += 1
            return ()
        old, new = referred(self._old.contract, old), referred(self._new.contract, new)
        key = (id(old), id(new))
        least, known = self._known.get(key, (DEPTH_MAX + 1, ()))
        if depth >= least:
            self._cut += least > 0
            return known
        # A schema that leads to itself has no other differences than those that are being found.
        self._known[key] = (0, ())
        cut = self._cut
        found = _limited(self._of_schemas(old, new, depth))
        self._known[key] = (0 if cut == self._cut else depth, found)
        return found

    def _of_schemas(self, old: Json, new: Json, depth: int) -> Iterator[Found]:
        was, now = self._old.form(old), self._new.form(new)
        if self._has_bytes and (_are_bytes(was, now) or _are_bytes(now, was)):
            return iter(())
        if bool(was.choices) is bool(now.choices):
            return self._of_forms((was, now), depth)
        # One form is a choice of one.
        return self._of_choices(was.choices[0] if was.choices else (old,), now.choices[0] if now.choices else (new,), depth)

    def _of_forms(self, pair: Pair, depth: int) -> Iterator[Found]:
        if _have_no_type_in_common(*pair):
            # What they say beside it is said of values that the other one does not have.
            yield from chain.from_iterable(changes(*pair) for changes in CHANGES_OF_OTHER_TYPES)
            return
        for changes in CHANGES_OF_VALUES:
            yield from changes(*pair)
        yield from self._of_properties(pair, depth)
        old, new = pair
        yield from self._of_items(pair, depth)
        yield from self._of_patterns(pair, depth)
        # Whether there may be further fields at all is another question.
        if all(form.is_object and not form.is_closed for form in pair) and (old.extra is not None or new.extra is not None):
            yield from _inside("*", self._drifts(old.extra, new.extra, depth + 1))
        for forms, others in zip_longest(old.choices, new.choices, fillvalue=()):
            yield from self._of_choices(forms, others, depth)

    def _of_items(self, pair: Pair, depth: int) -> Iterator[Found]:
        """Yields the differences of items that both may have: of how many there may be, limits tell."""
        old, new = pair
        described = max(len(old.first), len(new.first))
        most = min(form.limits.get("maxItems", inf) for form in pair)
        if all("array" in (form.types or ()) for form in pair) and most > described:
            yield from _inside("[]", self._drifts(old.items, new.items, depth + 1))
        for index in range(int(min(described, most))):
            yield from _inside(f"[{index}]", self._drifts(old.item(index), new.item(index), depth + 1))

    def _of_properties(self, pair: Pair, depth: int) -> Iterator[Found]:
        old, new = pair
        # What is required without being described is a field like any other.
        names = {name: None for form in pair for name in (*form.properties, *sorted(form.required))}
        for name in names:
            is_described = name in old.properties or name in new.properties
            before, after = (
                reading.field(form, name) if is_described else None for reading, form in zip((self._old, self._new), pair, strict=True)
            )
            was, is_there = before is not None or name in old.required, after is not None or name in new.required
            goes, still_goes = was and not self._is_absent(self._old, before), is_there and not self._is_absent(self._new, after)
            if not goes and not still_goes:
                continue
            was_required, is_required = name in old.required and goes, name in new.required and still_goes
            if was and is_there:
                if is_required and not was_required:
                    yield Found("field-required", (name,), "it is required now")
                # That an absent field need not be sent says its mark.
                if was_required and not is_required and still_goes:
                    yield Found("field-optional", (name,), "it is no longer required")
                yield from _inside(name, self._drifts(before, after, depth + 1))
            elif is_there:
                yield Found("field-added-required" if is_required else "field-added", (name,), f"it is new{' and required' * is_required}")
            else:
                kind = "required-field" if was_required else "field"
                is_refused = new.is_closed and old.is_closed
                says = "it is gone, and no others are taken" if is_refused else "it is gone"
                yield Found(f"{kind}-{'refused' if is_refused else 'removed'}", (name,), says)

    def _is_absent(self, reading: FormReading, schema: Json) -> bool:
        """Tells whether a field goes the other way alone, as one that is read-only does in no request."""
        return self._absent is not None and self._absent in reading.form(schema).marks

    def _of_patterns(self, pair: Pair, depth: int) -> Iterator[Found]:
        """Yields the differences of fields that are described by patterns of their names."""
        old, new = pair
        for pattern in dict.fromkeys((*old.by_pattern, *new.by_pattern)):
            where = f"/{pattern}/"
            # A closed object takes such fields by their pattern alone; any other describes with it what it took as all further fields.
            if pattern not in new.by_pattern and new.is_closed:
                yield Found("field-refused", (where,), "they are gone, and no others are taken")
            elif pattern not in old.by_pattern and old.is_closed:
                yield Found("field-added", (where,), "they are new")
            else:
                was, now = (form.by_pattern.get(pattern, form.extra) for form in pair)
                yield from _inside(where, self._drifts(was, now, depth + 1))

    def _of_choices(self, old: tuple[Json, ...], new: tuple[Json, ...], depth: int) -> Iterator[Found]:
        left, others = list(old), []
        for form in new:
            same = next((each for each in left if not self._drifts(each, form, depth + 1)), None)
            if same is None:
                others.append(form)
            else:
                left.remove(same)
        if left and len(left) == len(others):
            for each in left:
                other = self._most_alike(each, others, depth)
                others.remove(other)
                yield from self._drifts(each, other, depth + 1)
            return
        says = f"{len(old)} forms were possible, {len(new)} are"
        if left:
            yield Found("form-removed", (), says)
        if others:
            yield Found("form-added", (), says)

    def _most_alike(self, form: Json, others: list[Json], depth: int) -> Json:
        """Returns which of the newer forms differs least from a form; the first one where there are many."""
        if len(others) > PAIRED_MAX:
            return others[0]
        return min(others, key=lambda other: sum(_WEIGHTS[CHANGES[each.change].sent] for each in self._drifts(form, other, depth + 1)))


def _are_bytes(form: Form, other: Form) -> bool:
    """Tells whether one form is the `binary` of 3.0, and the other says of bytes what 3.1 does: nothing, or of which type they are."""
    if "binary" not in form.formats:
        return False
    is_typed = "contentMediaType" in other.rules
    plain = replace(other, marks=frozenset(), rules={name: said for name, said in other.rules.items() if name != "contentMediaType"})
    return plain == ANYTHING or (is_typed and plain == replace(form, formats=frozenset(), marks=frozenset(), rules={}))


def _have_no_type_in_common(form: Form, other: Form) -> bool:
    if form.choices or other.choices or form.types is None or other.types is None:
        return False
    return not form.types & other.types and bool(form.types) and bool(other.types)


def _limited(found: Iterator[Found]) -> tuple[Found, ...]:
    """Returns as many differences as are told of one schema; the last one says so where there are more."""
    told = tuple(islice(found, FOUND_MAX + 1))
    if len(told) <= FOUND_MAX:
        return told
    last = told[FOUND_MAX - 1]
    return (*told[: FOUND_MAX - 1], last._replace(says=f"{last.says}; of one schema no more than {FOUND_MAX} differences are told"))


def _inside(name: str, found: tuple[Found, ...]) -> Iterator[Found]:
    for each in found:
        yield each._replace(where=(name, *each.where))


def _types(old: Form, new: Form) -> Iterator[Found]:
    was, now = old.types, new.types
    # Each form of a choice says which types it has.
    if old.choices and new.choices:
        return
    lists_values = [form.values is not None for form in (old, new)]
    if was == now or all(lists_values) or (any(lists_values) and None in (was, now)):
        return
    says = f"{_listed(was)} before, {_listed(now)} now"
    if was is None or (now is not None and now < was):
        yield Found("type-narrowed", (), says)
    elif now is None or now > was:
        yield Found("type-widened", (), says)
    else:
        yield Found("type-changed", (), says)


def _null(old: Form, new: Form) -> Iterator[Found]:
    # Where anything goes, null is no news.
    if old.is_nullable and not new.is_nullable and (old.types is not None or old.values is not None):
        yield Found("null-refused", (), "it may no longer be null")
    if new.is_nullable and not old.is_nullable and (new.types is not None or new.values is not None):
        yield Found("null-possible", (), "it may be null now")


def _values(old: Form, new: Form) -> Iterator[Found]:
    if old.values is None and new.values is not None:
        yield Found("values-listed", (), f"only {_listed(new.values)} now")
    elif old.values is not None and new.values is None:
        yield Found("values-free", (), f"any value now, not only {_listed(old.values)}")
    elif old.values is not None and new.values is not None:
        if gone := old.values - new.values:
            yield Found("value-removed", (), f"{_listed(gone)} gone")
        if come := new.values - old.values:
            yield Found("value-added", (), f"{_listed(come)} new")


def _limits(old: Form, new: Form) -> Iterator[Found]:
    yield from limit_drifts(*limits_to_compare(old, new))


def _words(name: str, read: Callable[[Form], frozenset[str]]) -> Callable[[Form, Form], Iterator[Found]]:
    def compare(old: Form, new: Form) -> Iterator[Found]:
        was, now = read(old), read(new)
        if was != now:
            kind = "added" if was < now else "removed" if now < was else "changed"
            before, after = (_cut(" and ".join(sorted(each))) or "none" for each in (was, now))
            yield Found(f"{name}-{kind}", (), f"{name} {before} before, {after} now")

    return compare


def _marks(old: Form, new: Form) -> Iterator[Found]:
    for mark, change in MARKED.items():
        if mark in new.marks and mark not in old.marks:
            yield Found(change, (), f"it is {mark} now")
        # That something is meant to stay after all is no news.
        elif mark in old.marks and mark not in new.marks and mark != "deprecated":
            yield Found(f"{change}-ended", (), f"it is no longer {mark}")


def _openness(old: Form, new: Form) -> Iterator[Found]:
    if new.is_closed and not old.is_closed:
        yield Found("closed", (), "no other fields than those that are described now")
    if old.is_closed and not new.is_closed:
        yield Found("opened", (), "other fields than those that are described as well now")


def _rules(old: Form, new: Form) -> Iterator[Found]:
    for name in sorted(old.rules.keys() | new.rules.keys()):
        was, now = old.rules.get(name), new.rules.get(name)
        if was != now:
            kind, says = ("added", "is new") if was is None else ("removed", "is gone") if now is None else ("changed", "differs")
            yield Found(f"{'format' if name in ANNOTATIONS else 'rule'}-{kind}", (), f"{name} {says}")
    if None not in (old.discriminator, new.discriminator) and old.discriminator != new.discriminator:
        yield Found("rule-changed", (), "discriminator differs")


_defaults = _words("default", lambda form: frozenset() if form.default is None else frozenset({form.default}))
CHANGES_OF_VALUES: tuple[Callable[[Form, Form], Iterator[Found]], ...] = (
    _types,
    _null,
    _values,
    _limits,
    _words("pattern", lambda form: form.patterns),
    _words("format", lambda form: form.formats),
    _defaults,
    _marks,
    _openness,
    _rules,
)
CHANGES_OF_OTHER_TYPES = (_types, _null, _values, _defaults, _marks)


def _listed(values: frozenset[str] | None) -> str:
    if values is None:
        return "any"
    told = sorted(values - {"integer"} if "number" in values else values)
    return _cut(", ".join(told)) or "nothing"


def _cut(text: str) -> str:
    return text if len(text) <= SAID_MAX else f"{text[:SAID_MAX]}…"
