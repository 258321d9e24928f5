"""Lies about what is brought: its size, its address, until when that leads there, and as what it is taken."""

import json
import re
from collections.abc import Callable, Mapping

from lies import Lie, lie, refused
from lies_of_access import key_of
from msgspec.structs import replace
from mutants import Body, Bug, Mutant, asked, changed, records

from runflow_mock.kit.suite.carriers import Answer

BARE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _assets(change: Callable[[Mutant, Body], None]) -> Callable[[Mutant, Answer], Answer]:
    """A change of every asset in an answer."""

    def spoil(mutant: Mutant, answer: Answer) -> Answer:
        if not answer.path.startswith("/v1/") or answer.status >= 300:
            return answer
        return changed(answer, records(lambda record: change(mutant, record) if "r2_key" in record else None))

    return spoil


def _as_announced(mutant: Mutant, answer: Answer) -> Answer:
    _, _, _, body = asked(mutant)
    if answer.path == "/v1/asset-uploads" and answer.status == 201:
        mutant.memory[answer.json["asset_id"]] = json.loads(body or b"")["size_bytes"]

    def change(mutant: Mutant, record: Body) -> None:
        record["size_bytes"] = mutant.memory.get(str(record.get("id")), record.get("size_bytes"))

    return _assets(change)(mutant, answer)


def _taken_for_ever(mutant: Mutant, answer: Answer) -> Answer:
    return replace(answer, status=200) if answer.path.startswith("/_upload/") and answer.status == 403 else answer


def _open_files(mutant: Mutant, answer: Answer) -> Answer:
    """Whoever knows the path of an asset is given its file, whatever the signature."""
    if not answer.path.startswith("/files/") or answer.method != "GET":
        return answer
    if answer.status == 200:
        mutant.memory[answer.path] = answer
    kept: Answer = mutant.memory.get(answer.path, answer)
    return kept if answer.status == 403 else answer


def _as_at_first(mutant: Mutant, record: Body) -> None:
    record["url"] = mutant.memory.setdefault(f"url of {record.get('id')}", record.get("url"))


def _as_of_the_first(mutant: Mutant, record: Body) -> None:
    record["url"] = mutant.memory.setdefault(f"first of {key_of(mutant)}", record.get("url"))


def _has_a_bare_id(sent: Body) -> bool:
    return any(isinstance(value, str) and BARE.fullmatch(value) for value in sent["input"].values())


KEPT, EXPIRES = "upload_is_kept", "file_expires"
CASES: Mapping[str, Lie] = {
    "an asset has the size that was announced": lie(Bug(_as_announced), KEPT),
    "every asset has the address of the first": lie(Bug(_assets(_as_of_the_first)), KEPT),
    "the bare id of an asset is refused": lie(refused("POST", "/runs", _has_a_bare_id, "input", "image_url"), KEPT),
    "the address of an asset is never signed anew": lie(Bug(_assets(_as_at_first)), EXPIRES),
    "an asset is fetched under any signature": lie(Bug(_open_files), EXPIRES),
    "bytes are brought under any signature, and for ever": lie(Bug(_taken_for_ever), EXPIRES),
}
