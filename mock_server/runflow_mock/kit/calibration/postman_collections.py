"""Collections: the saved answers in a collection of Postman, as captures, folders and all."""

import re
from collections.abc import Iterator, Mapping

from runflow_mock.domain.documents import Json, list_of, object_of
from runflow_mock.domain.whole_numbers import whole_number
from runflow_mock.kit.calibration.addresses import Address, address_of
from runflow_mock.kit.calibration.captures import Capture, Found, Kind, Object, PassedOver, Unrecognised, header_names, status_in

DEPTH_MAX = 50

VARIABLES_MAX, VARIABLE_CHARACTERS_MAX = 5, 2_000
"""How many variables of a collection may stand for one another, and how long one that stands for an address may be."""

# The address of a server usually stands in a variable of the collection.
_VARIABLE = re.compile(r"(?P<scheme>(?:https?|\{\{[^{}]*\}\})://)?\{\{(?P<name>[^{}]*)\}\}(?::[0-9]+)?(?=/|$)")


def is_collection(value: Json) -> bool:
    """Tells whether a value is a collection of Postman."""
    whole = _whole(value)
    return isinstance(whole.get("item"), list) and isinstance(whole.get("info"), dict)


def read_collection(value: Json, source: str) -> Iterator[Found]:
    """Returns the answers of the API that were saved in a collection.

    Raises:
        Unrecognised: there are none.
    """
    whole = _whole(value)
    given = map(object_of, list_of(whole.get("variable")))
    values = ((str(part.get("key") or part.get("id")), str(part.get("value") or "")) for part in given)
    variables = {name: value for name, value in values if len(value) <= VARIABLE_CHARACTERS_MAX}
    found = list(_saved(whole, variables, source, "", 0))
    passed = [each for each in found if isinstance(each, PassedOver)]
    if len(passed) == len(found):
        saying = "no answer of the API was saved in this collection of Postman: save one as an example of its request"
        raise Unrecognised(passed[0].says if passed else saying)
    yield from found


def _whole(value: Json) -> Object:
    """Returns a collection, which stands in an object of its own where Postman's API answered with it."""
    return object_of(object_of(value).get("collection")) or object_of(value)


def _saved(folder: Object, variables: Mapping[str, str], source: str, place: str, depth: int) -> Iterator[Found]:
    for index, part in enumerate(list_of(folder.get("item")) if depth < DEPTH_MAX else ()):
        item, here = object_of(part), f"{place}item[{index}]"
        yield from _saved(item, variables, source, f"{here}.", depth + 1)
        answers = list_of(item.get("response"))
        usual = _asked(item.get("request"), variables) if answers else None
        for number, response in enumerate(map(object_of, answers)):
            asked = _asked(response.get("originalRequest"), variables) or usual
            yield from () if asked is None else _capture(response, *asked, source, f"{here}.response[{number}]")


def _capture(response: Object, method: str, address: Address | None, source: str, place: str) -> Iterator[Found]:
    status, body = response.get("code"), response.get("body")
    if address is None or status is None:
        return
    try:
        status = status_in(whole_number(status) if isinstance(status, str) else status, f"{place}.code")
    except Unrecognised as error:
        yield PassedOver(str(error))
        return
    written = response.get("header")
    lines = (line.partition(":") for line in written.splitlines()) if isinstance(written, str) else ()
    headers: list[Json] = [{"name": name.strip(), "value": value.strip()} for name, _, value in lines]
    headers += [{"name": part.get("key"), "value": part.get("value")} for part in map(object_of, list_of(written))]
    yield Capture(
        source=source,
        place=place,
        kind=Kind.ANSWER,
        method=method,
        path=address.path,
        host=address.host,
        status=status,
        headers=header_names(headers),
        body=body.encode() if isinstance(body, str) else b"",
    )


def _asked(given: Json, variables: Mapping[str, str]) -> tuple[str, Address | None] | None:
    """Returns method and address of a request, of which its address alone may be written."""
    request: Object = {"url": given} if isinstance(given, str) else object_of(given)
    return (str(request.get("method") or "GET"), _address(request.get("url"), variables)) if request else None


def _address(given: Json, variables: Mapping[str, str]) -> Address | None:
    """Returns the address of a request; a server of which only the name of a variable is known is that of the service."""
    parts = object_of(given)
    named = [object_of(part) for part in list_of(parts.get("variable"))]
    values: Mapping[str, str] = {f":{part.get('key')}": str(part.get("value") or part.get("key")) for part in named}
    text, _, _ = _resolved(given if isinstance(given, str) else str(parts.get("raw") or _joined(parts)), variables).partition("?")
    server = _VARIABLE.match(text)
    target = "/".join(values.get(segment, segment) for segment in (text if server is None else text[server.end() :]).split("/"))
    # What stands for the server may hold the version too.
    return address_of(target) or (None if server is None else address_of(f"/v1{target}"))


def _resolved(text: str, variables: Mapping[str, str]) -> str:
    """Returns an address in which the variable that begins it, or is its host, has the value that the collection gives it."""
    for _ in range(VARIABLES_MAX):
        found = _VARIABLE.match(text)
        value = None if found is None else variables.get(found["name"].strip())
        if found is None or not value:
            break
        text = ("" if "://" in value else found["scheme"] or "") + value.removesuffix("/") + text[found.end() :]
    return text


def _joined(parts: Object) -> str:
    """Returns the address that stands in its parts."""
    host, path = (
        separator.join(map(str, value)) if isinstance(value, list) else str(value or "")
        for separator, value in ((".", parts.get("host")), ("/", parts.get("path")))
    )
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"{parts.get('protocol') or 'https'}://{host}{port}/{path.removeprefix('/')}" if host else ""
