"""Hints: what somebody may have meant who gave a name that does not exist."""

from collections.abc import Collection, Iterable

# Below this two words only happen to share letters, such as `models` and `folders`.
_LIKENESS_MIN = 0.65


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns what a message goes on with: the known name that is nearly the same, in letters of any case, or nothing where none is."""
    from difflib import get_close_matches

    spelled = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), spelled, n=1, cutoff=_LIKENESS_MIN)
    return f"; did you mean {spelled[near[0]]}?" if near else ""


def with_all(name: str, known: Collection[str], lead: str = "choose one of") -> str:
    """Returns what a message goes on with: the known name that is nearly the same, if one is, and all behind the words that lead."""
    hint, told = did_you_mean(name, known), f"{lead} {', '.join(known)}"
    return f"{hint} {told[0].upper()}{told[1:]}" if hint else f"; {told}"
