"""Files: an address in a record is fetched, and what comes is held against what the record says of it."""

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from PIL import Image, UnidentifiedImageError

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws_of_messages import changed_later
from runflow_mock.kit.suite.suite_tenants import SuiteTenant
from runflow_mock.openapi.media_types import read_media_type

# How a file of a type begins, where that is certain.
BEGINNINGS: Mapping[str, tuple[bytes, int]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n", 0),
    "image/jpeg": (b"\xff\xd8\xff", 0),
    "image/webp": (b"WEBP", 8),
    "image/gif": (b"GIF8", 0),
    "video/mp4": (b"ftyp", 4),
    "audio/wav": (b"WAVE", 8),
}
# What the signature in an address is called: here, and where others keep files.
_SIGNATURE = re.compile(r"(?:^|-)sig(?:nature)?$", re.IGNORECASE)
TYPES: Mapping[str, str] = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
}


def output_is_there(tenant: SuiteTenant, output: Any) -> Iterator[str]:
    """Yields what is wrong with the files of a run's output, in each of its forms."""
    if not isinstance(output, dict):
        return
    for file in output.get("outputs") or ():
        if isinstance(file, dict) and "url" in file:
            yield from file_is_there(tenant, file["url"], file)
    for url in output.get("image_urls") or ():
        yield from file_is_there(tenant, url, {"type": "image"})
    urls = {file.get("url") for file in output.get("outputs") or () if isinstance(file, dict) and file.get("type") == "image"}
    if output.get("image_urls") and not urls <= set(output["image_urls"]):
        yield f"outputs have the addresses {sorted(map(str, urls))}, and image_urls {output['image_urls']}"


def address_is_signed(tenant: SuiteTenant, url: Any) -> Iterator[str]:
    """Yields where an address that carries a signature leads to its file with another signature as well."""
    other = signed_otherwise(str(url))
    if other is None:
        return
    answer = tenant.fetch(other)
    if answer is not None and answer.status < 400:
        yield f"{url} is answered {answer.status} with another signature as well"


def signed_otherwise(url: str) -> str | None:
    """Returns an address with another signature, or nothing where it has none in its query."""
    address, pairs = urlsplit(url), parse_qsl(urlsplit(url).query)
    changed = [(name, _otherwise(value) if _SIGNATURE.search(name) else value) for name, value in pairs]
    return None if changed == pairs else urlunsplit(address._replace(query=urlencode(changed)))


def _otherwise(signature: str) -> str:
    """Returns another signature: in Base64 the last character has bits that mean nothing, and a server may hold no more than the first."""
    middle = (len(signature) - 1) // 2
    return f"{signature[:middle]}{'1' if signature[middle] == '0' else '0'}{signature[middle + 1 :]}"


def file_is_there(tenant: SuiteTenant, url: Any, told: Mapping[str, Any]) -> Iterator[str]:
    """Yields what is wrong with the file at an address, of which a record tells type, size and dimensions."""
    answer = tenant.fetch(str(url))
    if answer is None:
        return
    if answer.status != 200:
        yield f"{url} is answered {answer.status}"
        return
    yield from (f"{url}: {wrong}" for wrong in changed_later(answer))
    media_type = read_media_type(answer.headers.get("content-type")).name
    kind = told.get("type") or told.get("asset_type")
    named = TYPES.get(urlsplit(str(url)).path.rpartition(".")[2].lower())
    for wanted in (told.get("content_type"), told.get("mime_type"), named):
        if wanted is not None and media_type != wanted:
            yield f"{url} is {media_type!r}, and {wanted!r} is told"
    if kind in ("image", "video", "audio") and not media_type.startswith(f"{kind}/"):
        yield f"{url} is {media_type!r}, and {kind!r} is told"
    yield from _content(url, answer, media_type, told)
    yield from _is_the_same_in_part(tenant, str(url), answer)


def _is_the_same_in_part(tenant: SuiteTenant, url: str, whole: Answer) -> Iterator[str]:
    """HEAD tells what GET does, and a part that is sent as one is that of the whole; whether there are parts is the server's own."""
    head = tenant.fetch(url, "HEAD")
    if head is not None and head.status == 200:
        for name in ("content-type", "content-length", "etag"):
            if name in head.headers and head.headers[name] != whole.headers.get(name, str(len(whole.body))):
                yield f"HEAD of {url} has {name} {head.headers[name]!r}, and GET {whole.headers.get(name)!r}"
    length = len(whole.body)
    for asked, start, end in (("1-4", 1, 5), (f"{length // 2}-", length // 2, length), ("-4", max(0, length - 4), length)):
        part, wanted = tenant.fetch(url, headers={"Range": f"bytes={asked}"}), whole.body[start:end]
        if part is None or part.status != 206:
            continue
        told, place = part.headers.get("content-range", ""), f"bytes {start}-{start + len(part.body) - 1}/"
        # A server may send less of what was asked for, and says so.
        if not part.body or not wanted.startswith(part.body) or told not in (f"{place}{length}", f"{place}*"):
            yield f"{url} sends {part.body[:12]!r} as {told!r} where bytes={asked} are {wanted[:12]!r}"
    tag = whole.headers.get("etag")
    if tag is not None:
        known = tenant.fetch(url, headers={"If-None-Match": '"another"'})
        if known is not None and known.status == 304:
            yield f"{url} has not changed for who asks with another tag than {tag}"


def _content(url: Any, answer: Answer, media_type: str, told: Mapping[str, Any]) -> Iterator[str]:
    if not answer.body:
        yield f"{url} is empty"
        return
    size = told.get("size_bytes")
    if size is not None and size != len(answer.body):
        yield f"{url} has {len(answer.body)} bytes, and {size} are told"
    beginning = BEGINNINGS.get(media_type)
    if beginning is not None and answer.body[beginning[1] : beginning[1] + len(beginning[0])] != beginning[0]:
        yield f"{url} is called {media_type} and begins with {answer.body[:12]!r}"
    if told.get("width") is not None and media_type.startswith("image/"):
        try:
            with Image.open(io.BytesIO(answer.body)) as picture:
                if picture.size != (told["width"], told.get("height")):
                    yield f"{url} has {picture.size} pixels, and {(told['width'], told.get('height'))} are told"
        except UnidentifiedImageError:
            yield f"{url} is no picture"
