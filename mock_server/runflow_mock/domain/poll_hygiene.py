"""Poll hygiene: how a client waits for what it has created.

Theory. Reading one run, batch or evaluation over and over is polling, and so is reading a list, a log or a balance that shows how work is
getting on. It should leave the server some time, whatever is read, a record and lists that show it in turns as well; end when a record has
reached a terminal state; and not go on for what does not exist. Reading a finished record once more is no polling, nor is reading it
whenever somebody looks at it: its addresses are signed anew.

A record is the same by whatever query it is read; a list is the same where the parameters are that lists know, however long a page is asked
for, and whatever moment of the present it begins at. A list is polled only when it was read `VIEWS_MIN` times without a change of the
client's own in between: workers that start together each read it once. It has come to its end when all that it shows has, and all that the
client has created is among it, of a batch as many items as it has: a list of what has succeeded shows the first of them while the others
run. A list of evaluations has come to its end with the evaluations.

Whoever has a reason to look looks at once, however short before it has looked anyway: a callback says that something has ended, and a
change of one's own has an effect, or was refused because of how things stand; of a creation without an answer nobody knows, and each of
several workers looks for its own. Callbacks are no exchanges: that one may have come shows by an end that was not there before.

Source: `runs.poll-intervals`, `runs.terminal-absorbs`. Inferred: the figures.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf

from runflow_mock.domain.documents import try_document
from runflow_mock.domain.exchanges import Exchange
from runflow_mock.domain.readings import READS, RECORD_ID, VIEWS, ends_in, has_ended, is_whole, shows_the_end, shows_work, what_is_read
from runflow_mock.domain.verdicts import Observation, interval, too_short

CREATES = frozenset(("create_run", "create_comfyui_run", "create_model_batch", "create_batch", "create_evaluation"))
# What a run writes while it lives, and then no more: who waits for callbacks or evaluations of it waits for something else.
PARTS = frozenset(("list_run_logs", "list_node_runs"))
POLL_SECONDS_MIN = 0.5
# Several who each read every second know nothing of each other, and must not be taken for one who reads in turns; timers are a bit early.
TURN_SECONDS_MIN = 0.9
REREADS_MAX = 1
# Whoever polls comes back sooner than this; a page that is opened again reads its record for fresh addresses.
LOOK_SECONDS = 60.0
VIEWS_MIN = 5
TURNS_MIN, TURNS_SHOWN_MAX = 3, 6
VIEWS_AFTER_MAX = 2
# What ends is created under these; of whatever else a client creates no list of them tells.
BATCHES, EVALUATIONS = "/batches", "/evaluations"
WORK = ("/runs", BATCHES)
STANDING_POLLS_MIN = 5


def leaves_time(exchanges: Sequence[Exchange], least_seconds: float) -> Iterator[Observation]:
    """Yields whether there is some time between two readings of what has not ended, where nothing but time gave a reason for the next."""
    prompted = _prompted(exchanges)
    for reads in (*_reads(exchanges), *_views(exchanges)):
        for earlier, later in pairwise(reads):
            seconds = interval(earlier, later)
            if seconds is None or not shows_work(earlier) or later.id in prompted:
                continue
            ids = (earlier.id, later.id)
            if seconds < least_seconds:
                yield too_short(ids, seconds)
            else:
                message = f"{later.path[:120]} was read again after {seconds:.2f} s; every few seconds is enough"
                yield Observation(seconds >= POLL_SECONDS_MIN, ids, message, round(seconds, 3))


def leaves_time_in_turns(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields where a record, and lists that show it, are read in turns without time between any two of them, the same again and again.

    Whoever reads several of them at a time, and waits then, reads none of them `TURNS_MIN` times before it waits. Two threads that read
    one of them each look like one that reads both: nothing is said of them where each leaves `TURN_SECONDS_MIN` from reading to reading.
    A reading for which there was a reason belongs to no turn.
    """
    views = [exchange for exchange in exchanges if exchange.operation in VIEWS and exchange.method == "GET" and shows_work(exchange)]
    prompted = _prompted(exchanges)
    for reads in _reads(exchanges):
        record_id = reads[0].path.rpartition("/")[2]
        shown = [view for view in views if record_id in view.path or record_id.encode() in view.response_body]
        rows: list[list[Exchange]] = [[]]
        by_pace = (read for read in (*filter(shows_work, reads), *shown) if read.id not in prompted)
        for read in sorted(by_pace, key=lambda read: read.number):
            if rows[-1] and not _is_in_turn(rows[-1], read):
                rows.append([])
            rows[-1].append(read)
        for row in rows:
            turns = Counter(read.path for read in row)
            if len(turns) > 1 and max(turns.values()) >= TURNS_MIN:
                told = (
                    f"{', '.join(path[:120] for path in turns)} were read in turns, {len(row)} times without {POLL_SECONDS_MIN} s between "
                    f"nor {TURN_SECONDS_MIN} s to the next of the same"
                )
                yield Observation(is_obeyed=False, exchanges=tuple(read.id for read in row[:TURNS_SHOWN_MAX]), message=told)


def stops_at_the_end(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a record is left alone once it has been seen in a terminal state, until the client changes it."""
    # Reading a record again is sensible once the client has changed it.
    changes = _numbers(filter(_changes_something, exchanges))
    for reads in _reads(exchanges):
        end = next((index for index, read in enumerate(reads) if read.status == 200 and has_ended(read)), None)
        if end is None:
            continue
        after = _most_alike(_readings_after(reads[end], reads, changes))
        ids = tuple(read.id for read in _in_haste((reads[end], *after)))
        yield Observation(len(ids) - 1 <= REREADS_MAX, ids, f"read {len(ids) - 1} more times after it was seen to have ended")


def stops_at_the_end_of_lists(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether a list is left alone once all that it shows has ended, and all that was created is among it: by a client that does one
    piece of work and waits for it.

    An application that goes on, and shows people what there is, reads its lists whenever somebody looks.
    """
    work, evaluations = (_created([exchange for exchange in exchanges if exchange.path.endswith(kind)]) for kind in (WORK, EVALUATIONS))
    yield from _stops_at_the_end_of_parts(exchanges)
    for reads in _views(exchanges):
        created = evaluations if reads[0].path.endswith(EVALUATIONS) else work
        end = next((index for index, read in enumerate(reads) if shows_the_end(read, created)), None)
        if end is not None:
            ids = tuple(read.id for read in (reads[end], *filter(is_whole, reads[end + 1 :])))
            told = f"{reads[end].path[:120]} was read {len(ids) - 1} more times after all that it shows had ended"
            yield Observation(len(ids) - 1 <= VIEWS_AFTER_MAX, ids, told)


def _stops_at_the_end_of_parts(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether what a run has written is left alone once the run was seen to have ended; each page of it is another reading."""
    ends = {read.path: read for reads in _reads(exchanges) for read in reversed(reads) if read.status == 200 and has_ended(read)}
    changes = _numbers(filter(_changes_something, exchanges))
    parts: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        if exchange.operation in PARTS and exchange.method == "GET":
            parts.setdefault(exchange.target, []).append(exchange)
    for target, reads in parts.items():
        end = ends.get(reads[0].path.rpartition("/")[0])
        after = [] if end is None else _in_haste(_readings_after(end, reads, changes))
        if after:
            told = f"{target[:120]} was read {len(after)} times after its run had ended"
            yield Observation(len(after) <= VIEWS_AFTER_MAX, tuple(read.id for read in after), told)


def leaves_absent_records_alone(exchanges: Sequence[Exchange]) -> Iterator[Observation]:
    """Yields whether what does not exist is asked for again; no record has come to be just because the client has changed something."""
    asked: dict[Hashable, list[Exchange]] = {}
    changes = 0
    for exchange in exchanges:
        if _changes_something(exchange):
            changes += 1
        if exchange.method == "GET" and exchange.status == 404 and exchange.path.startswith("/v1/"):
            since = 0 if exchange.operation in READS else changes
            asked.setdefault((exchange.path if exchange.operation in READS else exchange.target, since), []).append(exchange)
    for missing in asked.values():
        ids = tuple(read.id for read in missing)
        yield Observation(
            len(missing) == 1, ids, f"{missing[0].path[:120]} was a 404, {'once' if len(missing) == 1 else f'{len(missing)} times'}"
        )


def standing_polls(exchanges: Sequence[Exchange]) -> Iterator[tuple[str, int]]:
    """Yields the paths that were read again and again while time stood still, and how often: whoever waits for them waits for ever."""
    for reads in _reads(exchanges):
        tail = [read for read in reads if read.at == reads[-1].at and not has_ended(read)]
        if len(tail) >= STANDING_POLLS_MIN:
            yield reads[-1].path, len(tail)


def _reads(exchanges: Sequence[Exchange]) -> list[list[Exchange]]:
    """The readings of each record, in order."""
    found: dict[str, list[Exchange]] = {}
    for exchange in exchanges:
        if exchange.operation in READS and exchange.method == "GET":
            found.setdefault(exchange.path, []).append(exchange)
    return list(found.values())


def _views(exchanges: Sequence[Exchange], least: int = VIEWS_MIN) -> list[list[Exchange]]:
    """The readings of each list that was read so often, which is polled then, in order; a change of the client's own begins them anew."""
    found: dict[Hashable, list[Exchange]] = {}
    changes = 0
    for exchange in exchanges:
        if _changes_something(exchange):
            changes += 1
        if exchange.operation in VIEWS and exchange.method == "GET":
            found.setdefault((changes, *what_is_read(exchange)), []).append(exchange)
    return [reads for reads in found.values() if len(reads) >= least]


def _prompted(exchanges: Sequence[Exchange]) -> frozenset[str]:
    """The ids of the readings that came sooner than the pace of polling and had a reason: a change of one's own, or what was told."""
    changes, unannounced = _numbers(filter(_asks_for_change, exchanges)), _unannounced(exchanges)
    found = set(_looks(exchanges))
    for reads in (*_reads(exchanges), *_views(exchanges, least=2)):
        for index, (earlier, later) in enumerate(pairwise(reads)):
            seconds = interval(earlier, later)
            if seconds is None or seconds >= POLL_SECONDS_MIN or not shows_work(earlier):
                continue
            if _is_changed(earlier, later, changes) or _is_called(earlier, reads[index + 1 :], unannounced):
                found.add(later.id)
    return frozenset(found)


def _looks(exchanges: Sequence[Exchange]) -> Iterator[str]:
    """Yields the ids of the readings of lists that look for what may have been created: one for each creation of which nobody knows."""
    unknown = list[str | bytes]()
    for exchange in exchanges:
        if exchange.operation in CREATES:
            key = exchange.request_header("idempotency-key")
            sent = exchange.request_body if key is None else key
            if exchange.status < 500 and not exchange.is_lost:
                # Sent again it was answered, so that nobody need look for it.
                unknown = [other for other in unknown if other != sent]
            elif key is None or key not in unknown:
                unknown.append(sent)
        elif unknown and exchange.method == "GET" and exchange.operation in VIEWS:
            unknown.pop(0)
            yield exchange.id


def _is_in_turn(row: Sequence[Exchange], read: Exchange) -> bool:
    """Whether a reading follows a row without time between, and what it reads was read in it only just before, if at all."""
    seconds = interval(row[-1], read)
    if seconds is None or seconds >= POLL_SECONDS_MIN:
        return False
    last = next((earlier for earlier in reversed(row) if earlier.path == read.path), None)
    return last is None or read.began - last.began < TURN_SECONDS_MIN


def _readings_after(end: Exchange, reads: Iterable[Exchange], changes: Mapping[str, Sequence[int]]) -> list[Exchange]:
    """Those that came whole after a record was seen to have ended, and before the client has changed it."""
    changed = changes.get(end.path.rpartition("/")[2], ())
    until = next((number for number in changed if number > end.number), inf)
    return [read for read in reads if end.number < read.number < until and is_whole(read)]


def _most_alike(reads: Sequence[Exchange]) -> list[Exchange]:
    """Those that ask for the same in the same words, where that is asked for most often: other words may ask for something else."""
    found: dict[Hashable, list[Exchange]] = {}
    for read in reads:
        found.setdefault(what_is_read(read), []).append(read)
    return max(found.values(), key=len, default=[])


def _in_haste(reads: Sequence[Exchange]) -> list[Exchange]:
    """The longest row of readings of which none comes so late after the one before that somebody looks anew."""
    rows: list[list[Exchange]] = [[]]
    for read in reads:
        pause = interval(rows[-1][-1], read) if rows[-1] else None
        if pause is not None and pause >= LOOK_SECONDS:
            rows.append([])
        rows[-1].append(read)
    return max(rows, key=len)


def _created(exchanges: Iterable[Exchange]) -> dict[str, float]:
    """The ids of what the client has created, and how many entries of a list it comes to; of a batch that does not say so nobody knows."""
    found: dict[str, float] = {}
    for exchange in exchanges:
        answer = try_document(exchange.response_body) if exchange.method == "POST" and exchange.status == 201 else None
        if isinstance(answer, dict) and "id" in answer:
            total = answer.get("items_total") if exchange.path.endswith(BATCHES) else 1
            found[str(answer["id"])] = total if isinstance(total, int | float) else inf
    return found


def _is_changed(earlier: Exchange, later: Exchange, changes: Mapping[str, Sequence[int]]) -> bool:
    """Whether the client has asked between two readings for a change of what it reads."""
    numbers = (number for name in RECORD_ID.findall(later.path) for number in changes.get(name, ()))
    return any(earlier.number < number < later.number for number in numbers)


def _is_called(earlier: Exchange, rest: Sequence[Exchange], unannounced: frozenset[str]) -> bool:
    """Whether a callback may have called the client: the next whole reading shows an end that is new, and not one of which none tells."""
    whole = next((read for read in rest if read.status == 200 and not read.is_lost), None)
    return whole is not None and not (ends_in(whole) - ends_in(earlier) <= unannounced)


def _unannounced(exchanges: Sequence[Exchange]) -> frozenset[str]:
    """The ids of what the client has created so that no callback tells of its end."""
    if any(exchange.operation == "create_webhook" and exchange.status == 201 for exchange in exchanges):
        return frozenset()
    silent = [exchange for exchange in exchanges if exchange.method == "POST" and not _asks_for_callback(exchange)]
    return frozenset(_created(silent))


def _asks_for_callback(exchange: Exchange) -> bool:
    body = try_document(exchange.request_body)
    return isinstance(body, dict) and bool(body.get("callback_url"))


def _numbers(exchanges: Iterable[Exchange]) -> dict[str, list[int]]:
    """The numbers of requests by the ids that they name."""
    found: dict[str, list[int]] = {}
    for exchange in exchanges:
        for record_id in RECORD_ID.findall(exchange.path + exchange.request_body.decode("latin-1")):
            found.setdefault(record_id, []).append(exchange.number)
    return found


def _changes_something(exchange: Exchange) -> bool:
    return _asks_for_change(exchange) and exchange.status < 400


def _asks_for_change(exchange: Exchange) -> bool:
    return exchange.method not in ("GET", "HEAD")
