"""Brought credentials: which of those that a document asks for a request brings.

That a credential is there, and is written as its scheme has it, is all that is judged: the journal keeps no value, and whether one is
accepted is the server's affair. A client certificate is seen by nobody here.

Source: OpenAPI, "Security Requirement Object"; RFC 9110, 11.4; RFC 7617; RFC 6750, 2.1.
"""

from collections.abc import Iterator

from runflow_mock.domain.exchanges import KEPT_SCHEMES, REDACTED
from runflow_mock.domain.findings import Finding, Location, note
from runflow_mock.openapi.security import Credential, Security
from runflow_mock.openapi.sent_values import Sent


def security_findings(security: Security, sent: Sent) -> Iterator[Finding]:
    """Yields what a request lacks to be let in, or what of it could not be seen."""
    ways = [[(each, _is_brought(each, sent)) for each in way] for way in security.ways]
    if any(all(is_brought for _, is_brought in way) for way in ways) or not ways:
        return
    lacking = [[each for each, is_brought in way if is_brought is False] for way in ways]
    if [] in lacking:
        unseen = next(each for each, is_brought in ways[lacking.index([])] if is_brought is None)
        yield note(("security",), "not-judged", f"{unseen.says} cannot be seen here; it was not judged")
        return
    nearest = min(lacking, key=len)[0]
    needed = ", or ".join(" and ".join(each.says for each in way) for way in security.ways)
    loc: Location = (nearest.place, nearest.name)
    yield Finding(loc, "security", f"the credential is missing or of another form; needed: {needed[:300]}")


def _is_brought(credential: Credential, sent: Sent) -> bool | None:
    """Tells whether a request brings a credential; nothing where that cannot be seen."""
    if credential.place == "query":
        return any(name == credential.name and value for name, value in sent.query)
    if credential.place == "cookie":
        names = {name for name, value in sent.cookies if value or name == REDACTED}
        return True if credential.name in names else None if REDACTED in names else False
    if credential.place != "header":
        return None
    value = sent.headers.get(credential.name.lower(), "").strip()
    # The journal keeps the word of a scheme that it knows, if what follows has its form.
    word = value.partition(" ")[0].lower() if " " in value else ""
    if not credential.words or (word == "" and credential.words.isdisjoint(KEPT_SCHEMES)):
        return value != ""
    return word in credential.words
