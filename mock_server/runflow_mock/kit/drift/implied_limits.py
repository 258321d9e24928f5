"""Implied limits: what follows from the rest that a schema says, so that to write such a limit down says nothing new.

An object with two required fields has at least two, one that is closed has no more than are described, a list of one item has no item
twice, one that contains two such items has two, a listed value is as long as it is, and formats of numbers bound them.
"""

import re
from collections.abc import Iterator

import msgspec

from runflow_mock.kit.drift.schema_forms import Form
from runflow_mock.kit.drift.schema_limits import Limits
from runflow_mock.openapi.directions import BITS

_LOWER = ("minimum", "minLength", "minItems", "minProperties", "uniqueItems")
_EXCLUDED = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_FEWEST = re.compile(r'"minContains":([0-9]+)')


def limits_to_compare(old: Form, new: Form) -> tuple[Limits, Limits]:
    """Returns the limits of two forms without those that follow from the rest on both sides, and with one that follows on either side
    where the other one says it. What both write alike has not moved.
    """
    pair = (old, new)
    implied = [dict(_implied(form)) for form in pair]
    limits = [dict(form.limits) for form in pair]
    for name in sorted({*implied[0], *implied[1]}):
        if name in limits[0] and limits[0][name] == limits[1].get(name):
            continue
        sign = 1 if name in _LOWER else -1
        follows = [sign * known.get(name, -sign * float("inf")) for known in implied]
        if all(name not in each or sign * each[name] <= known for each, known in zip(limits, follows, strict=True)):
            for each in limits:
                each.pop(name, None)
            continue
        for each, known in zip(limits, implied, strict=True):
            if name in known and _EXCLUDED.get(name) not in each:
                each[name] = sign * max(sign * known[name], sign * each.get(name, known[name]))
    return limits[0], limits[1]


def _implied(form: Form) -> Iterator[tuple[str, float]]:
    if form.required:
        yield "minProperties", len(form.required)
    if form.is_closed and not form.by_pattern:
        yield "maxProperties", len(form.properties)
    if form.limits.get("maxItems", 2) <= 1:
        yield "uniqueItems", 1
    if "contains" in form.rules:
        yield "minItems", max(map(int, _FEWEST.findall(form.rules["contains"])), default=1)
    bits = [BITS[name] for name in form.formats if name in BITS]
    if bits:
        yield from (("minimum", -(2 ** min(bits))), ("maximum", 2 ** min(bits) - 1))
    values = [msgspec.json.decode(value) for value in form.values or ()]
    texts = [len(value) for value in values if isinstance(value, str)]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    for found, most in ((texts, "Length"), (numbers, "imum")):
        if found and len(found) == len(values):
            yield from ((f"min{most}", min(found)), (f"max{most}", max(found)))
