"""Files over HTTP: whole, in part, or only described, as a storage answers them.

One byte range is served; a request for several gets the whole file, which the standard allows. Source: RFC 9110, sections 13 and 14.
"""

import re

import msgspec

from runflow_mock.web.calls import Answer, Call

# A file of somebody's may be a page: a browser that opens it must not run what is in it.
SANDBOXED = ((b"content-security-policy", b"sandbox"), (b"x-content-type-options", b"nosniff"))

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


class File(msgspec.Struct, frozen=True):
    """Bytes with their type and a tag that changes with them."""

    data: bytes
    media_type: str
    etag: str


def answer_file(call: Call, file: File) -> Answer:
    """Returns a file as the request's headers ask for it: 200, 206, 304 or 416.

    The body is there for HEAD too, because it says the length; whoever sends the answer leaves it away.
    """
    tag = f'"{file.etag}"'
    headers = ((b"content-type", file.media_type.encode()), (b"etag", tag.encode()), (b"accept-ranges", b"bytes"))
    if is_known(call, tag):
        return Answer(304, b"", headers)
    asked = call.header(b"range")
    condition = call.header(b"if-range")
    found = _RANGE.fullmatch(asked.strip()) if asked and (condition is None or condition == tag) else None
    if found is None or not (found[1] or found[2]):
        return Answer(200, file.data, headers)
    size = len(file.data)
    first, last = _bounds(found[1], found[2], size)
    if first > last or first >= size:
        if found[1] and found[2] and int(found[1]) > int(found[2]):
            return Answer(200, file.data, headers)
        return Answer(416, b"", (*headers, (b"content-range", f"bytes */{size}".encode())))
    return Answer(206, file.data[first : last + 1], (*headers, (b"content-range", f"bytes {first}-{last}/{size}".encode())))


def is_known(call: Call, tag: str) -> bool:
    """Tells whether the client has what a tag stands for: it names the tag, alone or in a list, or `*` for whatever there is."""
    condition = call.header(b"if-none-match") or ""
    return condition.strip() == "*" or tag in [part.strip().removeprefix("W/") for part in condition.split(",")]


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last) if last else size - 1, size - 1)
