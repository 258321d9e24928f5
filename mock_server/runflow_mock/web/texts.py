"""Answers that are not the API's JSON: pages, texts and packaged files, with an entity tag and what a browser may do with them."""

from runflow_mock.packaged import Packaged, etag_of
from runflow_mock.web.calls import Answer, Call
from runflow_mock.web.files import is_known
from runflow_mock.web.pages.layout import PAGE_POLICY

HTML = "text/html; charset=utf-8"
MARKDOWN = "text/markdown; charset=utf-8"
# Clients may keep a text but must ask whether it is still the same: the sandbox may be another one tomorrow.
ASK_AGAIN = "no-cache"


def answer_page(call: Call, page: str) -> Answer:
    """Returns an HTML page that loads nothing from elsewhere."""
    body = page.encode()
    return answer_packaged(call, Packaged(body, HTML, etag_of(body)), policy=PAGE_POLICY)


def answer_text(call: Call, body: bytes, media_type: str, *, keep: str = ASK_AGAIN) -> Answer:
    """Returns a text of some type."""
    return answer_packaged(call, Packaged(body, media_type, etag_of(body)), keep=keep)


def answer_packaged(call: Call, file: Packaged, *, policy: str | None = None, keep: str = ASK_AGAIN) -> Answer:
    """Returns a file, or a 304 without a body when the client names its tag; tags are a guess, which a strict server does not make."""
    headers = [("cache-control", keep), ("x-content-type-options", "nosniff")]
    if policy is not None:
        headers.append(("content-security-policy", policy))
    has_tag = not call.dialect.is_proven
    if has_tag:
        headers.insert(0, ("etag", file.etag))
    is_sent = not (has_tag and is_known(call, file.etag))
    if is_sent:
        headers.insert(0, ("content-type", file.media_type))
    encoded = tuple((name.encode(), value.encode()) for name, value in headers)
    return Answer(200, file.body, encoded) if is_sent else Answer(304, b"", encoded)
