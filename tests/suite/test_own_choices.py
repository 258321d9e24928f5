"""What a server may choose for itself is held against no server, unless it speaks the control API and so is one of ours."""

import json

import pytest

from runflow_mock.kit.suite.carriers import Answer
from runflow_mock.kit.suite.laws_of_changes import one_secret_signs
from runflow_mock.kit.suite.memories import Law, Memory

SECRETS = "/v1/callback-secrets"
FIRST, SECOND = "019b76da-a800-7000-8abc-0123456789ab", "019b76da-a800-7000-8abc-0123456789ac"


def breaches(law: Law, *answers: Answer) -> int:
    memory, found = Memory(), list[str]()
    for answer in answers:
        memory.look_at(answer)
        found += law(answer, memory)
    return len(found)


def told(path: str, body: object, moment: int | None, method: str = "GET", sent: object = None) -> Answer:
    content = b"" if sent is None else json.dumps(sent).encode()
    return Answer(method, path, 200, {}, json.dumps(body).encode(), moment=moment, sent_body=content)


@pytest.mark.parametrize(
    ("states", "moment", "found"),
    [
        ((False, False), None, 0),
        ((False, False), 1, 1),
        ((False,), None, 0),
        ((True, True), None, 1),
        ((True, True), 1, 1),
        ((True, False), None, 0),
        ((True, False), 1, 0),
    ],
)
def test_no_secret_need_sign_before_one_is_chosen_but_never_two_do(states: tuple[bool, ...], moment: int | None, found: int) -> None:
    items = [{"id": key, "is_current": state, "disabled_at": None} for key, state in zip((FIRST, SECOND), states, strict=False)]
    page = {"items": items, "first": None, "next": None, "previous": None}
    assert breaches(one_secret_signs, told(SECRETS, page, moment)) == found
