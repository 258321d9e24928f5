"""Repetitions in patterns of which nothing is given back, for every Python from 3.11 on.

Until Python 3.11.4, `(?:…)*+` keeps what a last try had read that failed: the text `"ab` after a name was taken for one that had ended.
Source: python/cpython#106052.
"""

_AT_ONCE = 999


def repeated(part: bytes, least: int = 0) -> bytes:
    """Returns a pattern of a part as often as it comes, at least 0 or 1 times, of which nothing is given back.

    It comes in atomic groups of so many that memory does not grow with the text; none of them can fail once it has read something.
    """
    first = b"(?>(?:%b){1,%d})" % (part, _AT_ONCE) if least else b""
    return first + b"(?:(?>(?:%b){0,%d}))*+" % (part, _AT_ONCE)
