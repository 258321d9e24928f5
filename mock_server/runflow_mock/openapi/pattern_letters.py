"""Pattern letters: which characters a part of a pattern may take, as one number with a bit for each of ASCII and one for all others.

What is not understood may be any character: whoever asks whether two parts have a character in common is then told that they have.
"""

import re

ANY = (1 << 129) - 1
NONE = 0
_BEYOND = 1 << 128

_ATOM = re.compile(r"\\[pPxuc].*?(?:\}|\Z)|\\.|.", re.DOTALL)
_PLAIN = re.compile(r"\\[^A-Za-z0-9]|[^\\]", re.DOTALL)


def _of(characters: str) -> int:
    return sum(1 << code for code in {*map(ord, characters)} if code < 128) | (0 if characters.isascii() else _BEYOND)


_DIGITS = _of("0123456789")
_WORDS = _DIGITS | _of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_")
_SPACES = _of("\t\n\v\f\r ") | _BEYOND
# Of what is beyond ASCII some characters are spaces and others are not.
_SETS = {
    r"\d": _DIGITS, r"\D": ANY & ~_DIGITS, r"\w": _WORDS, r"\W": ANY & ~_WORDS, r"\s": _SPACES, r"\S": ANY & ~_SPACES | _BEYOND,
    ".": ANY & ~_of("\n"),
}  # fmt: skip


def letters_of(token: str) -> int:
    """Returns the characters that a letter, an escape or a class in a pattern may take."""
    if token in _SETS:
        return _SETS[token]
    if token.startswith("[") and token.endswith("]"):
        found = _of_class(token[1:-1].removeprefix("^"))
        if found is None:
            return ANY
        return ANY & ~found | _BEYOND if token.startswith("[^") else found
    return _of(token[-1]) if _PLAIN.fullmatch(token) else ANY


def _of_class(inner: str) -> int | None:
    """Returns the characters of a class that lists them, or nothing where it says them otherwise."""
    atoms = _ATOM.findall(inner)
    found, at = NONE, 0
    while at < len(atoms):
        ends = atoms[at : at + 3]
        if len(ends) == 3 and ends[1] == "-":
            low, high = (_PLAIN.fullmatch(each) is not None and ord(each[-1]) for each in (ends[0], ends[2]))
            if low is False or high is False:
                return None
            found |= _of("".join(map(chr, range(low, min(high, 127) + 1)))) | (_BEYOND if high > 127 else NONE)
            at += 3
            continue
        if ends[0] not in _SETS and not _PLAIN.fullmatch(ends[0]):
            return None
        found |= _of(".") if ends[0] == "." else _SETS[ends[0]] if ends[0] in _SETS else _of(ends[0][-1])
        at += 1
    return found
