"""Calls: whether the server under test is called rightly. What is wrong with address or key is told, and held against nobody."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from runflow_mock.kit.suite.carriers import Answer, NoAnswer
from runflow_mock.kit.suite.suite_tenants import NO_KEY, Target, TargetError

# What everybody may read, and what takes a key.
OPEN, KEYED = "/v1/health", ("/v1/runs?limit=1", "/v1/models?limit=1")
KEY = "give one that the server knows with --api-key or RUNFLOW_API_KEY"


def check_call(target: Target) -> None:
    """Does nothing where a server without control API can be asked something.

    Raises:
        TargetError: it is called wrongly; the message says how, and what to do.
    """
    if target.has_control:
        return
    if target.key is None:
        raise TargetError(NO_KEY)
    headers = {"Authorization": f"Bearer {target.key}"}
    try:
        answers = [target.carrier.carry("GET", path, headers if path in KEYED else {}, None) for path in (OPEN, *KEYED)]
    except NoAnswer as error:
        raise TargetError(f"{target.carrier.url} does not answer ({error})") from None
    for is_met, says in OBSTACLES:
        if all(map(is_met, answers)):
            raise TargetError(says(target.carrier.url, answers[0]))
    refused = {answer.status for answer in answers[1:]}
    if len(refused) == 1 and refused <= REFUSALS.keys():
        asked = f"it was sent as Authorization: Bearer with {' and '.join(f'GET {path}' for path in KEYED)}, and nothing was judged"
        raise TargetError(f"{REFUSALS[refused.pop()]}; {asked}: {answers[1].evidence}")


def _says_nothing(answer: Answer) -> bool:
    """Tells whether an answer does not come from this API: nothing is there, or what is there does not answer with JSON."""
    return answer.status == 404 or not isinstance(answer.json, dict)


def _no_api(url: str, answer: Answer) -> str:
    is_too_long = urlsplit(url).path.rstrip("/").endswith("/v1")
    way_out = "leave /v1 out of --base-url" if is_too_long else "--base-url is what stands before /v1 in its addresses"
    return f"{url} has no Runflow API: {way_out}; {answer.evidence}"


# What no answer gets past, whatever was asked, the first that fits.
OBSTACLES: tuple[tuple[Callable[[Answer], bool], Callable[[str, Answer], str]], ...] = (
    (
        lambda answer: 300 <= answer.status < 400,
        lambda url, answer: f"{url} leads elsewhere, which is not followed: give --base-url as {answer.headers.get('location')!r} has it",
    ),
    (
        lambda answer: answer.status in (502, 503, 504),
        lambda url, answer: f"{url} answers nothing but {answer.status}, as a proxy does before a server that is not there",
    ),
    (_says_nothing, _no_api),
)
# How whoever has a key is refused whatever is read, and what that says of the key.
REFUSALS: Mapping[int, str] = {
    401: f"the key is not known: {KEY}; a server that knows this one must take it, as bearer",
    403: f"the key may not read: {KEY}, and which may",
    429: "the key has no requests left: wait as long as the answer says, and call again",
}
