"""Schema limits: how large, how long or how many a value may be, each in the one way in which it can be said.

A limit that is excluded and one that is not are one limit, the tighter of both. Of a whole number an excluded limit is the next one,
included. What limits no value of the types that a schema names, and what limits nothing at all, is no limit.
"""

from collections.abc import Iterator, Mapping, Set
from fractions import Fraction
from math import ceil, floor, isnan, lcm
from sys import float_info

from runflow_mock.domain.documents import list_of
from runflow_mock.kit.drift.drifts import Found
from runflow_mock.openapi.contracts import Object

LIMITED: Mapping[str, str] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("minLength", "maxLength"), "string"),
    **dict.fromkeys(("minItems", "maxItems", "uniqueItems"), "array"),
    **dict.fromkeys(("minProperties", "maxProperties"), "object"),
}
"""Each limit, and the type whose values it limits."""

# What is excluded belongs to the limit of the same end, and comes behind it.
_LOWER = (("minimum", "exclusiveMinimum"), ("minLength",), ("minItems",), ("minProperties",), ("uniqueItems",))
_UPPER = (("maximum", "exclusiveMaximum"), ("maxLength",), ("maxItems",), ("maxProperties",))
_ENDS = (*((names, 1) for names in _LOWER), *((names, -1) for names in _UPPER))
_MOST = float_info.max
_NEXT = {"exclusiveMinimum": ("minimum", 1), "exclusiveMaximum": ("maximum", -1)}

Limits = Mapping[str, float]


def limits_of(schema: Object, types: Set[str] | None) -> Limits:
    """Returns the limits of a schema, given the types that it names, without null."""
    found = {name: said for name in LIMITED if isinstance(said := schema.get(name), int | float) and not isnan(_number(said))}
    limits = {name: _number(said) for name, said in found.items()}
    if schema.get("items") is False:
        # No more items than those that are described one by one.
        most = float(len(list_of(schema.get("prefixItems"))))
        limits["maxItems"] = min(limits.get("maxItems", most), most)
    return _fitting(limits, types)


def limits_of_both(some: Limits, others: Limits, types: Set[str] | None) -> Limits:
    """Returns the limits of a value that keeps to two schemas, given the types that they name together, without null."""
    limits = {**some, **others}
    for names, sign in _ENDS:
        limits |= {name: sign * max(sign * some[name], sign * others[name]) for name in names if name in some and name in others}
    steps = [Fraction(repr(each["multipleOf"])) for each in (some, others) if each.get("multipleOf")]
    if len(steps) > 1:
        divisor = lcm(*(step.denominator for step in steps))
        limits["multipleOf"] = _number(Fraction(lcm(*(int(step * divisor) for step in steps)), divisor))
    return _fitting(limits, types)


def limit_drifts(old: Limits, new: Limits) -> Iterator[Found]:
    """Yields in what limits differ."""
    for names, sign in _ENDS:
        was, now = _end(old, names, sign), _end(new, names, sign)
        if was != now:
            is_tighter = was is None or (now is not None and now > was)
            yield Found("limit-tightened" if is_tighter else "limit-loosened", (), f"{_told(old, names)} before, {_told(new, names)} now")
    yield from _of_steps(old.get("multipleOf"), new.get("multipleOf"))


def _of_steps(was: float | None, now: float | None) -> Iterator[Found]:
    says = f"multipleOf {'none' if was is None else f'{was:g}'} before, {'none' if now is None else f'{now:g}'} now"
    if was == now:
        return
    # Of two steps of which none is a multiple of the other each allows what the other does not.
    if now is not None and not (was is not None and _is_multiple(was, now)):
        yield Found("limit-tightened", (), says)
    if was is not None and not (now is not None and _is_multiple(now, was)):
        yield Found("limit-loosened", (), says)


def _is_multiple(value: float, step: float) -> bool:
    return bool(step) and (Fraction(repr(value)) / Fraction(repr(step))).denominator == 1


def _number(value: float | Fraction) -> float:
    """Returns a number, or the greatest one of its sign where it is greater than any can be told apart."""
    return float(max(-_MOST, min(value, _MOST)))


def _fitting(limits: Mapping[str, float], types: Set[str] | None) -> Limits:
    """Returns those limits that limit values of the types."""
    fitting = {
        name: value
        for name, value in limits.items()
        if types is None or LIMITED[name] in types or (LIMITED[name], types) == ("number", {"integer"})
    }
    if types == {"integer"}:
        _limit_whole_numbers(fitting)
    # A length of at least 0 says nothing, nor does the wider one of two limits at the same end.
    found = {name: value for name, value in fitting.items() if value or not name.startswith(("min", "unique")) or name == "minimum"}
    for (included, excluded), sign in ((names, sign) for names, sign in _ENDS if len(names) > 1):
        if included in found and excluded in found:
            del found[included if sign * found[excluded] >= sign * found[included] else excluded]
    return found


def _limit_whole_numbers(limits: dict[str, float]) -> None:
    """Says limits of whole numbers without excluding any, and without fractions."""
    if _is_multiple(1, limits.get("multipleOf", 0)):
        del limits["multipleOf"]
    for name, (included, step) in _NEXT.items():
        excluded = limits.pop(name, None)
        if excluded is not None:
            nearest = (floor if step > 0 else ceil)(excluded) + step
            limits[included] = step * max(step * limits.get(included, nearest), step * nearest)
        if included in limits:
            limits[included] = float((ceil if step > 0 else floor)(limits[included]))


def _end(limits: Limits, names: tuple[str, ...], sign: int) -> tuple[float, int] | None:
    """Returns a limit as a value that is greater the less it allows."""
    return next(((sign * limits[name], index) for index, name in enumerate(names) if name in limits), None)


def _told(limits: Limits, names: tuple[str, ...]) -> str:
    return next((f"{name} {limits[name]:g}" for name in names if name in limits), f"{names[0]} none")
