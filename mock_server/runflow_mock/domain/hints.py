"""Hints: what somebody may have meant who gave a name that is none."""

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns what a message goes on with: the known name that is nearly the same, in letters of any case, or nothing where none is."""
    from difflib import get_close_matches

    spelled = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), spelled, n=1)
    return f"; did you mean {spelled[near[0]]}?" if near else ""
