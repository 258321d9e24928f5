"""Tables of the bounds: what one request, one connection, one tenant and the whole server may take."""

from collections.abc import Iterable

import msgspec

from runflow_mock.domain.places import PLACE_BYTES_MAX, PLACES_BYTES_MAX
from runflow_mock.domain.records import Limits
from runflow_mock.kit.suite import carriers
from runflow_mock.openapi import pattern_sizes, pattern_states, patterns, schemas
from runflow_mock.runtime import downloads
from runflow_mock.runtime.bounds import BoundsMax
from runflow_mock.runtime.callback_turns import HURRIED_SECONDS, TENANT_TURNS_MAX
from runflow_mock.runtime.config import Config
from runflow_mock.runtime.outgoing_connections import ARRIVED_BYTES_MAX, IDLE_MAX, IDLE_SECONDS_MAX
from runflow_mock.runtime.tenant_uses import WAITS_MAX
from runflow_mock.testing import client
from runflow_mock.web import bodies as bodies_in
from runflow_mock.web import connections, gathering, heads
from runflow_mock.web.control import app as control
from runflow_mock.wire import bodies
from writing.markdown import table

Row = tuple[str, object, str]

_SERVER = {
    "connections_max": "connections of clients, handshakes included; a further one is answered with 503, over https by nothing, and closed",
    "body_bytes_max": "bytes of large bodies that are being read, of which one tenant has seven tenths at most; a further one is a 503",
    "journal_bytes_max": "bytes of all journals together; the largest ones drop their oldest half",
    "callback_sockets_max": "callbacks under way, of which one in eight is for tenants that have none; further ones wait for their turn, "
    f"which is no part of an attempt, and for a tenant that has none the attempt that has taken longest ends after {HURRIED_SECONDS:g} s",
    "record_bytes_max": "bytes that clients have sent for records and tenants, and those that the documents of rules take once they are "
    "read, of which one tenant has seven tenths at most; a further write is a 503",
    "file_bytes_max": "bytes of assets, and of files that rules give out, of all tenants; a further one is a 503",
    "timers_max": "changes that are still to come, of runs, evaluations and callbacks of all tenants; a further write is a 503",
    "streams_max": "open streams of events (`GET /_mock/events`), of which one tenant has seven tenths at most; a further one is a 503",
    "answer_bytes_max": "bytes of answers that clients have not taken; the connection that has waited longest is ended",
    "long_answers_max": "answers of the control API that grow with what a tenant holds and are being made, of which one tenant has seven "
    "tenths at most; further ones wait for their turn",
    "tenants_max": "tenants: a further one is a 503",
}
# What is not here is what its name says.
_TENANT = {
    "secrets_max": "callback secrets", "asset_bytes_max": "bytes of assets, and of files that rules give out",
    "rules_max": "fault rules and stubs",
    "remembered_max": "answers that are kept for an Idempotency-Key; the oldest make room",
    "remembered_bytes_max": "bytes of these answers; the oldest make room", "journal_max": "exchanges in the journal; the oldest make room",
    "journal_bytes_max": "bytes of the journal, heads included; the oldest make room",
    "history_max": "commits in the history; older ones fold into its base", "history_bytes_max": "bytes of the history; older ones fold",
    "steps_max": "timers that one advance fires",
}  # fmt: skip


def server() -> str:
    """The bounds of the whole server, as `/_mock/health` shows them."""
    rows = {**msgspec.structs.asdict(BoundsMax()), "tenants_max": Config().tenants_max}
    return _rows((f"`{name}`", value, _SERVER[name]) for name, value in rows.items())


def tenants() -> str:
    """The bounds of one tenant; each is told by the answer that meets it."""
    rows = [(f"`{name}`", value, _TENANT.get(name, name.removesuffix("_max"))) for name, value in msgspec.structs.asdict(Limits()).items()]
    rows.append(("callbacks", TENANT_TURNS_MAX, "callbacks that leave at once"))
    rows.append(("`place_bytes_max`", PLACES_BYTES_MAX, f"bytes of `input` and `metadata` in all rules, of one {PLACE_BYTES_MAX:,}"))
    rows.append(("`waits_max`", WAITS_MAX, "open `POST /_mock/wait`"))
    return _rows(rows)


def requests() -> str:
    """The bounds of one request and one connection."""
    return _rows(
        (
            ("head", heads.HEAD_BYTES_MAX, "bytes of the whole head: 431"),
            ("header fields", heads.HEADERS_MAX, "fields of the head: 431"),
            ("target", heads.TARGET_BYTES_MAX, "bytes of path and query: 414"),
            ("JSON body", Config().body_bytes_max, "bytes, `--body-max`: 413"),
            ("control body", control.BODY_BYTES_MAX, "bytes of a body below `/_mock`: 413"),
            ("snapshot", control.LARGE_BODIES["/_mock/snapshot"], "bytes of the body of `PUT /_mock/snapshot`: 413"),
            ("depth", bodies.DEPTH_MAX, "levels of a JSON body: 400"),
            (
                "schema",
                schemas.PARTS_MAX,
                "parts of a model's input schema, references replaced by what they lead to: refused when it is loaded",
            ),
            (
                "pattern of a model",
                pattern_sizes.MODEL_SIZE_MAX,
                "bytes that it is compiled to, its repeats written out: refused when it is loaded",
            ),
            (
                "patterns of a model",
                pattern_sizes.MODEL_SIZES_MAX,
                "bytes that they are compiled to together, each counted as the next of "
                f"{', '.join(f'{size:,}' for size in patterns.SIZES[:-1])}: refused when they are loaded",
            ),
            (
                "pattern of your own document",
                schemas.SIZE_MAX,
                "bytes that it is compiled to: told as not understood, and left out",
            ),
            (
                "patterns of your own document",
                pattern_sizes.DOCUMENT_SIZES_MAX,
                f"bytes that different ones of more than {pattern_sizes.SMALL_SIZE:,} are compiled to together: further ones are told and "
                "left out",
            ),
            (
                "texts by patterns",
                pattern_states.READ_MAX,
                f"characters of a value, times the states that a pattern may be in at once where these are more than "
                f"{pattern_states.REMEMBERED_MAX}: 422, or told as not judged by your own document",
            ),
            (
                "text by a pattern that looks around or back",
                schemas.TRIED_CHARACTERS_MAX,
                "characters: 422, or told as not judged by your own document",
            ),
            ("idle connection", connections.KEEP_ALIVE_SECONDS, "seconds between two requests; then it is closed"),
            ("time of a head", connections.HEAD_SECONDS_MAX, "seconds: 408"),
            (
                "slow body",
                connections.BODY_SECONDS_MAX,
                f"seconds in which less than {connections.BODY_BYTES_MIN:,} bytes come and it does not end: 408",
            ),
            (
                "what comes after the last answer",
                gathering.FINISH_SECONDS_MAX,
                f"seconds, as long as {gathering.LINGER_BYTES_MIN:,} bytes come in each {gathering.LINGER_SECONDS:g} of them and no more "
                f"than {bodies_in.DISCARDED_BYTES_MAX:,} in all; it is dropped, and then the connection is reset",
            ),
            (
                "download",
                downloads.ANSWER_SECONDS_MAX,
                "seconds in all for a document or a skill at an address, with look-ups of names, redirects and what it leads to; then "
                "the command says so",
            ),
            ("answer to `verify`", carriers.ANSWER_SECONDS_MAX, "seconds in all"),
            ("length of an answer to `verify`", carriers.ANSWER_BYTES_MAX, "bytes, unpacked"),
            ("answer to a test's client", client.ANSWER_SECONDS_MAX, f"seconds in all, and {client.ANSWER_BYTES_MAX:,} bytes, unpacked"),
            ("answer of a receiver", ARRIVED_BYTES_MAX, "bytes that come before it is whole; then the attempt has failed"),
            (
                "connections to receivers",
                IDLE_MAX,
                f"that rest, for {IDLE_SECONDS_MAX:g} seconds at most; the one that has rested longest makes room",
            ),
            (
                "unread answer",
                connections.STUCK_SECONDS_MAX,
                f"seconds in which a client takes less than {connections.TAKEN_BYTES_MIN:,} bytes of it; then the connection is reset",
            ),
        )
    )


def _rows(rows: Iterable[Row]) -> str:
    return table(("bound", "most", "of what, and what happens then"), [(name, f"{value:,}", text) for name, value, text in rows])
