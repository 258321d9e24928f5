"""Lies about files: in part, of bytes that never came, of what was deleted; and what is done or charged behind a reader's back."""

import json
import re
from collections.abc import Callable, Mapping

from lies import Lie, lie, refused
from lies_of_messages import CHANGED_TOMORROW
from msgspec.structs import replace
from mutants import Asked, Bug, Mutant, asked, poorer, same

from runflow_mock.kit.suite.carriers import Answer

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(92)
REFERENCE = re.compile(rb"runflow://assets/([0-9a-f-]{36})")


def _of_files(change: Callable[[Mutant, Answer], Answer]) -> Bug:
    return Bug(lambda mutant, answer: change(mutant, answer) if answer.path.startswith("/media/") else answer)


def _other_part(mutant: Mutant, answer: Answer) -> Answer:
    return replace(answer, body=bytes(len(answer.body))) if answer.status == 206 else answer


def _longer_head(mutant: Mutant, answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, "etag": '"other"'}) if answer.method == "HEAD" else answer


def _never_changed(mutant: Mutant, answer: Answer) -> Answer:
    is_asked = "If-None-Match" in asked(mutant)[2] and answer.status == 200
    return replace(answer, status=304, body=b"", headers={}) if is_asked else answer


def _from_the_start(method: str, target: str, headers: dict[str, str], body: bytes | None) -> Asked:
    """What is asked for from somewhere to the end comes from the beginning on."""
    return method, target, {name: re.sub(r"^bytes=\d+-$", "bytes=0-", text) for name, text in headers.items()}, body


def _confirmed_early(mutant: Mutant, answer: Answer) -> Answer:
    """Who confirms what never came gets an asset of something."""
    method, target, headers, body = asked(mutant)
    if target == "/v1/asset-uploads" and answer.status == 201:
        mutant.memory["address"] = answer.json["upload_url"].removeprefix(mutant.url)
    if method != "POST" or not target.endswith("/confirmations") or answer.status != 422 or "address" not in mutant.memory:
        return answer
    mutant.again("PUT", mutant.memory["address"], {"Content-Type": "image/png"}, PICTURE)
    return mutant.again(method, target, headers, body)


def _taken_after_its_end(mutant: Mutant, answer: Answer) -> Answer:
    """An asset is taken as an input after it was deleted."""
    method, target, headers, body = asked(mutant)
    gone = mutant.memory.setdefault("gone", set())
    if method == "DELETE" and answer.status == 204:
        gone.add(target.rpartition("/")[2])
    named = REFERENCE.search(body or b"")
    if method == "POST" and answer.status == 422 and named is not None and named[1].decode() in gone:
        return mutant.again(method, target, headers, REFERENCE.sub(b"https://cdn.example.com/shoe.jpg", body or b""))
    return answer


def _half_done(mutant: Mutant, answer: Answer) -> Answer:
    """What is right in a change that is refused is done."""
    method, target, headers, body = asked(mutant)
    try:
        content = json.loads(body or b"null")
    except (ValueError, RecursionError):
        return answer
    for name in content if method == "PATCH" and answer.status == 422 and isinstance(content, dict) else ():
        mutant.again(method, target, headers, json.dumps({name: content[name]}).encode())
    return answer


def _reads(start: str, has: str = "") -> Callable[[Mutant, Answer], bool]:
    return lambda mutant, answer: answer.method == "GET" and answer.status == 200 and answer.path.startswith(start) and has in answer.target


CASES: Mapping[str, Lie] = {
    "a part of a file is nothing": lie(_of_files(_other_part), "file_is_there", "file_expires", "upload_is_kept"),
    "the rest of a file is all of it": lie(Bug(same, _from_the_start), "file_is_there", "file_expires", "upload_is_kept"),
    "pictures that stand in their address are refused": lie(
        refused("POST", "/runs", lambda body: "data:" in json.dumps(body.get("input")), "input", "image_url"), "upload_is_kept"
    ),
    "HEAD of a file has another tag": lie(_of_files(_longer_head), "file_is_there", "file_expires", "upload_is_kept"),
    "a file was changed tomorrow": lie(
        _of_files(lambda mutant, answer: replace(answer, headers={**answer.headers, **CHANGED_TOMORROW})),
        *("file_is_there", "file_expires", "upload_is_kept"),
    ),
    "a file has never changed": lie(_of_files(_never_changed), "file_is_there", "file_expires", "upload_is_kept"),
    "an upload is confirmed before its bytes came": lie(Bug(_confirmed_early), "upload_is_kept"),
    "an asset is taken as an input after it was deleted": lie(Bug(_taken_after_its_end), "upload_is_kept"),
    "a change that is refused is half done": lie(
        Bug(_half_done), "rules_of_billing", "rules_of_webhooks", "rules_of_callback_secrets", "rules_of_comfyui_workflows", "rules_of_runs"
    ),
    "a file that is fetched costs a cent": lie(poorer(_reads("/media/"), 0.01), "reading_is_free"),
    "an address that is signed anew costs a cent": lie(poorer(_reads("/v1/runs", "add_signature"), 0.01), "reading_is_free"),
    "a list costs a cent": lie(poorer(_reads("/v1/models"), 0.01), "reading_is_free"),
}
