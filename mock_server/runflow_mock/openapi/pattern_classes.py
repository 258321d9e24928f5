r"""Classes of characters in patterns: `[…]` as ECMA-262 means it, said so that the validator means the same.

The validator takes `[` in a class for the beginning of another one, and `&&`, `~~` and `--` for operations on classes; what stands at the
ends of a range it knows only where no such thing is seen. Halves of characters are in no text that is JSON, and so in no class.
"""

import re

# Each is written as nobody writes it by ECMA-262, so that it can be told from a class that somebody wrote.
DIGIT = r"0-\x{39}"
WORD = f"{DIGIT}A-Za-z_"
SPACE = r"\x{9}-\x{D}\x{20}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}"
SETS = {
    **{rf"\{name}": f"(?:[{inner}])" for name, inner in (("d", DIGIT), ("w", WORD), ("s", SPACE))},
    **{rf"\{name}": f"(?:[^{inner}])" for name, inner in (("D", DIGIT), ("W", WORD), ("S", SPACE))},
}
"""What sets of characters are in a pattern that is matched by trying, where the validator takes those of every alphabet."""
SETS_IN_CLASSES = {
    r"\w": WORD,
    r"\W": r"\x{0}-\x{2F}\x{3A}-\x{40}\x{5B}-\x{5E}\x{60}\x{7B}-\x{10FFFF}",
    r"\s": SPACE,
    r"\S": r"\x{0}-\x{8}\x{E}-\x{1F}\x{21}-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027}\x{202A}-\x{202E}"
    r"\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{FEFE}\x{FF00}-\x{10FFFF}",
    r"\D": r"\x{0}-\x{2F}\x{3A}-\x{10FFFF}",
    # Behind words, which have them in themselves.
    r"\d": DIGIT,
}
"""What they are in a class there."""
NOTHING, EVERYTHING = r"[^\x00-\u{10FFFF}]", "(?s-i:.)"
"""What no character is in, and what every one is in."""

# The two halves of a character beyond the first plane; one of them alone is a character of no text.
PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
HALF = r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
CONTROL = r"\\c[A-Za-z]"
BEFORE_HALVES, BEHIND_HALVES = r"\x{D7FF}", r"\x{E000}"
LONG_ESCAPE = r"\\[pPux]\{[^}]*(?:\}|\Z)|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}"

_ATOM = re.compile(rf"{PAIR}|{HALF}|{CONTROL}|{LONG_ESCAPE}|\\(?:0[0-9]+|.)|.", re.DOTALL)
# Of the escapes of one character the validator takes `\<` and `\>` for edges of words, and does not know `\0` and `\_`.
CHARACTERS = {r"\<": r"\x{3C}", r"\>": r"\x{3E}", r"\0": r"\x{0}", r"\_": r"\x{5F}"}
_CHARACTERS = {**CHARACTERS, r"\b": r"\x{8}", "[": r"\x{5B}"}


def matched_class(text: str, *, is_tried: bool) -> str:
    """Returns a class in the words of the validator; one that stands in a pattern that is matched by trying has to say what sets are."""
    begins = "[^" if text.startswith("[^") else "["
    atoms = _ATOM.findall(text[len(begins) : -1])
    sets = SETS_IN_CLASSES if is_tried else {}
    said: list[str] = []
    at = 0
    while at < len(atoms):
        first = atoms[at]
        if atoms[at + 1 : at + 2] == ["-"] and at + 2 < len(atoms) and SETS.keys().isdisjoint((first, atoms[at + 2])):
            said.append(_range(first, atoms[at + 2]))
            at += 3
            continue
        is_at_edge = at in (0, len(atoms) - 1)
        said.append(sets.get(first) or (r"\x{2D}" if first == "-" and not is_at_edge else _in_class(first, said)))
        at += 1
    inner = "".join(said)
    return f"{begins}{inner}]" if inner else EVERYTHING if begins == "[^" else NOTHING


def character(code: int) -> str:
    """Returns a character in the validator's words, which ECMA-262 has not, so that what was written can be told of it."""
    return rf"\x{{{code:X}}}"


def control(text: str) -> str:
    """Returns the character that an escape by a letter stands for, which is a control character."""
    return character(ord(text[-1]) % 32)


def paired(text: str) -> str:
    """Returns the character whose halves a text writes."""
    high, low = int(text[2:6], 16), int(text[8:12], 16)
    return character(0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00)


def _range(first: str, last: str) -> str:
    """Returns a range of a class; halves of characters at its ends are left out."""
    halves = [re.fullmatch(HALF, each) is not None for each in (first, last)]
    if all(halves):
        return ""
    low = BEHIND_HALVES if halves[0] else _in_class(first, ["-"])
    return f"{low}-{BEFORE_HALVES if halves[1] else _in_class(last, ['-'])}"


def _in_class(atom: str, before: list[str]) -> str:
    """Returns one character of a class; nothing for half of one."""
    if re.fullmatch(PAIR, atom):
        return paired(atom)
    if re.fullmatch(CONTROL, atom):
        return control(atom)
    if re.fullmatch(HALF, atom):
        return ""
    is_doubled = atom in "&~-" and bool(before) and before[-1].endswith(atom)
    return character(ord(atom)) if is_doubled else _CHARACTERS.get(atom, atom)
