"""Captures from files: what somebody has kept of a service, found in files and folders and recognised by its shape."""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

from msgspec import MsgspecError
from msgspec.structs import replace

from runflow_mock.domain.documents import BYTE_ORDER_MARK, NOT_JSON, Json, read_document, try_document
from runflow_mock.kit.calibration.addresses import is_among, other_host
from runflow_mock.kit.calibration.captures import Capture, Elsewhere, Found, PassedOver, Unrecognised, among_others
from runflow_mock.kit.calibration.cassettes import is_yaml_cassette
from runflow_mock.kit.calibration.dumps import is_dump, talk_of
from runflow_mock.kit.calibration.shapes import read_shape
from runflow_mock.kit.calibration.traces import is_trace, read_trace
from runflow_mock.kit.calibration.transcripts import capture_of, is_transcript, read_transcript, split_messages
from runflow_mock.openapi.texts import TextError, ignore, read_text
from runflow_mock.user_files import read_file, read_found_file
from runflow_mock.wire.profiles import FORMAT as PROFILE

WAY_OUT = "give JSON, JSON lines, a HAR file, a cassette, or the output of curl -i, -v or --trace-ascii, or leave the file out"
# The longer mark of two that begin alike comes first.
MARKS = {
    BYTE_ORDER_MARK: "utf-8",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_BLANKS = " \t\r\n"
_BETWEEN = re.compile(f"[{_BLANKS}]*")
BYTES_MAX = 256 * 1024 * 1024
TOGETHER_BYTES_MAX = 2 * BYTES_MAX
"""What the files of one call may have, all of which are held at once: which of them is the body of which head shows their names."""
# Where a profile says at the latest that it is one.
PROFILE_BYTES_MAX = 400


class CaptureError(ValueError):
    """A file that cannot be understood; the message names it, and the way out."""


class CaptureFile(NamedTuple):
    """One file: what it is called in reports, where it is, and its bytes."""

    name: str
    path: Path
    raw: bytes

    @property
    def text(self) -> bytes:
        """Its bytes in UTF-8, without the mark that says in which order they are; a shell of Windows writes UTF-16."""
        encoding = next((name for mark, name in MARKS.items() if self.raw.startswith(mark)), None) or _unmarked(self.raw)
        try:
            return self.raw if encoding is None else self.raw.decode(encoding).encode().removeprefix(BYTE_ORDER_MARK)
        except UnicodeError:
            return self.raw.removeprefix(BYTE_ORDER_MARK)

    @property
    def digest(self) -> str:
        """The SHA-256 of its bytes."""
        return sha256(self.raw).hexdigest()


def read_files(given: Iterable[Path], bytes_max: int = TOGETHER_BYTES_MAX) -> tuple[CaptureFile, ...]:
    """Returns the files, and those in the folders, each once, without profiles, which may lie beside what they were made from; in folders
    hidden files are left out, and links lead to no file outside of what is given.

    Raises:
        CaptureError: one is not there or cannot be read, a folder has none, or they have more bytes together than `bytes_max`.
    """
    paths = tuple(given)
    # A link may lead from one to another, and a file be named in two ways.
    roots = {path.resolve() for path in paths if path.is_dir()}
    named = {path.resolve() for path in paths if path.exists()} - roots
    found, taken, folders = dict[Path, str](), set[str](), dict[Path, Path | None]()
    for path in paths:
        inner = sorted(_inside(path)) if path.is_dir() else [path]
        if not inner:
            raise CaptureError(f"the folder {path} has no files")
        # Where several are given, what is in a folder is told apart by the folder's name.
        folder = f"{path.resolve().name}/" if len(paths) > 1 and path.is_dir() else ""
        for file in inner:
            if file not in found:
                name = file.relative_to(path).as_posix() if path.is_dir() else file.name
                found[file] = _free_name(folder + name, taken)
                taken.add(found[file])
                folders[file] = _folder_of(file, path, named, roots) if path.is_dir() else None
    files, left = list[CaptureFile](), bytes_max
    for file, name in found.items():
        raw = _read(file, folders[file])
        if PROFILE.encode() not in raw[:PROFILE_BYTES_MAX]:
            left -= len(raw)
            if left < 0:
                together = f"with the files before it that is more than {bytes_max} bytes"
                raise CaptureError(f"{file} cannot be read: {together}; give fewer at once")
            files.append(CaptureFile(name, file, raw))
    return tuple(files)


def captures_in(files: Sequence[CaptureFile], tell: Callable[[str], None] = ignore) -> dict[str, tuple[Capture, ...]]:
    """Returns what was captured in each file; a head that stands alone gets the body that stands beside it under the same name.

    Of several things in one file those that are no captures are left out, and `tell` gets a line for each.

    Raises:
        CaptureError: a file is nothing that is understood.
    """
    beside = dict[tuple[Path, str], list[CaptureFile]]()
    for file in files:
        beside.setdefault((file.path.parent, file.path.stem), []).append(file)
    heads = {head.name: body for alike in beside.values() for head, body in _heads(alike)}
    bodies = {body.name for body in heads.values()}
    taken: dict[str, tuple[Capture, ...]] = {}
    for file in files:
        if file.name not in bodies:
            found = tuple(_captures(file, heads.get(file.name)))
            taken[file.name] = tuple(each for each in found if isinstance(each, Capture))
            for each in found:
                if isinstance(each, PassedOver):
                    tell(f"{file.name}: {each.says}; it is left out")
    return taken


def of_hosts(taken: Mapping[str, Sequence[Capture]], hosts: Collection[str]) -> tuple[dict[str, tuple[Capture, ...]], Counter[str]]:
    """Returns the captures without those that were asked of others than the service and the hosts named, and how many of each host go.

    Raises:
        CaptureError: a file has none left.
    """
    wanted = frozenset(map(other_host, hosts))
    found: dict[str, tuple[Capture, ...]] = {}
    others: Counter[str] = Counter()
    for name, captures in taken.items():
        found[name] = tuple(capture for capture in captures if capture.host is None or is_among(capture.host, wanted))
        passed = [capture.host for capture in captures if capture.host is not None and not is_among(capture.host, wanted)]
        others.update(passed)
        if passed and not found[name]:
            told = ", ".join(sorted(set(passed)))
            raise CaptureError(f"{name} holds answers of {told} alone, which is none of the service's hosts; name it with --host if it is")
    return found, others


def _unmarked(raw: bytes) -> str | None:
    """Returns the encoding that the zeros between the first characters show, which all captures begin with in ASCII."""
    return {b"\x01\x00\x01\x00": "utf-16-le", b"\x00\x01\x00\x01": "utf-16-be"}.get(bytes(byte != 0 for byte in raw[:4]))


def _free_name(name: str, taken: Collection[str]) -> str:
    return next(free for free in chain((name,), (f"{name}~{number}" for number in count(2))) if free not in taken)


def _captures(file: CaptureFile, body: CaptureFile | None) -> Iterator[Found]:
    try:
        if is_dump(file.text):
            yield from read_trace(talk_of(file.text), file.name)
        elif is_trace(file.text):
            yield from read_trace(file.text, file.name)
        elif is_yaml_cassette(file.text):
            yield from read_shape(read_text(file.text), file.name)
        elif is_transcript(file.text):
            if body is not None:
                yield capture_of(read_transcript(file.text)._replace(body=body.text), file.name)
                return
            messages = split_messages(file.text)
            places = (f"message {number}" if len(messages) > 1 else "" for number in count(1))
            yield from among_others(_message(*each, file.name) for each in zip(messages, places, strict=False))
        else:
            yield from _in_json(file)
    except (TextError, Unrecognised) as error:
        raise CaptureError(f"{file.path} cannot be understood: {error}; {WAY_OUT}") from None
    except RecursionError:
        raise CaptureError(f"{file.path} cannot be understood: it is nested too deeply; {WAY_OUT}") from None


def _in_json(file: CaptureFile) -> Iterator[Found]:
    try:
        value = read_document(file.text)
    except NOT_JSON as error:
        lines = {number: line for number, line in enumerate(file.text.splitlines(), 1) if line.strip()}
        if len(lines) < 2 or not _are_values(lines.values()):
            values = _values_in(file.text)
            if not values:
                raise Unrecognised(f"it is neither JSON nor an HTTP message ({error})") from None
            yield from among_others(read_shape(each, file.name, f"value {number}") for number, each in enumerate(values, 1))
            return
        yield from among_others(_line(line, file.name, number) for number, line in lines.items())
        return
    yield from read_shape(value, file.name)


def _values_in(text: bytes) -> list[Json]:
    """Returns the values of JSON that stand one behind the other, as `jq` and several calls of `curl` write them; none where others do, or
    where there are no two.
    """
    # Only where a value ends is known from Python's reader, which takes NaN and halves of characters for JSON.
    found, at, read = list[Json](), 0, json.JSONDecoder().raw_decode
    try:
        whole = text.decode().strip(_BLANKS)
        while at < len(whole):
            _, end = read(whole, at)
            found.append(read_document(whole[at:end].encode()))
            at = end + len(_BETWEEN.match(whole, end)[0])  # type: ignore[index]
    except (MsgspecError, ValueError):
        return []
    return found if len(found) > 1 else []


def _are_values(lines: Collection[bytes]) -> bool:
    """Tells whether lines are values one by one: most of them, or all begin so, where others were cut or are somebody's notes."""
    whole = sum(isinstance(try_document(line), dict | list) for line in lines)
    return 2 * whole > len(lines) or all(line.lstrip().startswith(b"{") for line in lines)


def _message(message: bytes, place: str, source: str) -> Iterator[Capture]:
    try:
        capture = capture_of(read_transcript(message), source)
    except Elsewhere:
        raise
    except Unrecognised as error:
        raise Unrecognised(f"{place}: {error}" if place else str(error)) from None
    yield replace(capture, place=place)


def _line(line: bytes, source: str, number: int) -> Iterator[Found]:
    try:
        value = read_document(line)
    except NOT_JSON as error:
        raise Unrecognised(f"line {number} is not JSON ({error})") from None
    yield from read_shape(value, source, f"line {number}")


def _heads(alike: Sequence[CaptureFile]) -> Iterator[tuple[CaptureFile, CaptureFile]]:
    """Yields which files are heads that stand alone, with their body, among those that have one name but for its end."""
    body = next((file for file in reversed(alike) if not _is_of_curl(file)), None) if len(alike) > 1 else None
    if body is not None:
        for file in alike:
            if _is_of_curl(file) and b"\n\n" not in file.text.replace(b"\r", b"").strip():
                yield file, body


def _is_of_curl(file: CaptureFile) -> bool:
    return is_transcript(file.text) and not is_yaml_cassette(file.text)


def _inside(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _folder_of(file: Path, folder: Path, named: Collection[Path], roots: Iterable[Path]) -> Path | None:
    """Returns the given folder to which a file of a folder leads, its own where it leads to none, and nothing where it was named."""
    led = file.resolve()
    return None if led in named else next((root for root in roots if led.is_relative_to(root)), folder)


def _read(path: Path, folder: Path | None) -> bytes:
    try:
        return read_file(path, BYTES_MAX) if folder is None else read_found_file(path, folder, BYTES_MAX)
    except OSError as error:
        raise CaptureError(f"{path} cannot be read: {error.strerror}") from None
