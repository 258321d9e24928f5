"""Files that are nested without end, contain themselves, or grow when they are read: each command says so in one line."""

import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from commands import call

DEEP = 20_000
# Histories are read to 384 MiB, and then once more as a text.
MEMORY_BYTES_MORE = 3 * 1024 * 1024 * 1024
FILES = {
    "deep.json": "[" * DEEP + "]" * DEEP,
    "deep_object.json": '{"a":' * DEEP + "1" + "}" * DEEP,
    "less_deep.json": '{"openapi": "3.1.0", "paths": ' + '{"a":' * 900 + "1" + "}" * 901,
    "deep.yaml": "a: " + "[" * 2_000 + "]" * 2_000,
    "contains_itself.yaml": "&a\nopenapi: 3.1.0\nname: x\npaths: {/x: {get: *a}}\nmodels: [*a]\nself: *a\n",
    "grows.yaml": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "merges.yaml": "a0: &a0 {k: v}\n" + "".join(f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)),
    "skill.md": "---\nname: " + "[" * 2_000 + "\n---\n# x\n",
    "skill_merges.md": "---\na0: &a0 {k: v}\n"
    + "".join(f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12))
    + "---\n# x\n",
    "skill_contains_itself.md": "---\n&a\nname: x\ndescription: *a\n---\n# x\n",
}
COMMANDS = {
    "serve --catalog": ("serve", "--port", "0", "--catalog"),
    "serve --scenario": ("serve", "--port", "0", "--scenario"),
    "serve --openapi": ("serve", "--port", "0", "--openapi"),
    "serve --profile": ("serve", "--port", "0", "--profile"),
    "serve --skill": ("serve", "--port", "0", "--skill"),
    "skill check": ("skill", "check"),
    "scenarios validate": ("scenarios", "validate"),
    "contract check": ("contract", "check"),
    "drift": ("drift", "--against"),
    "calibrate": ("calibrate",),
    "replay": ("replay",),
    "verify": ("verify", "--base-url", "http://127.0.0.1:9", "--api-key", "x", "--openapi"),
}


SKILLS = {"serve --skill", "skill check"}
PAIRS = [(command, file) for command, file in product(COMMANDS, FILES) if (command in SKILLS) == file.endswith(".md")]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "file"), PAIRS)
def test_hostile_file_is_told_in_one_line(command: str, file: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.write_text(FILES[file])
    told = call(*COMMANDS[command], str(path))
    assert "Traceback" not in told.err
    if command == "skill check" and told.code == 3:
        # The file can be read, and nothing in it can be checked: that is told by a sheet, of one line for the file and one for its claims.
        assert (told.err, told.out) == ("", f"{path}\n  0 claims: 0 held, 0 contradicted, 0 unknown\n")
        return
    assert told.code in (1, 2)
    assert len((told.err or told.out).splitlines()) == 1 or command == "calibrate", told.err


def test_document_that_contains_itself_is_named(tmp_path: Path) -> None:
    path = tmp_path / "contains_itself.yaml"
    path.write_text(FILES[path.name])
    told = call("contract", "check", str(path))
    assert (told.code, told.out) == (2, "")
    assert told.err == f"runflow-mock: {path}: line 4, column 19: *a leads to itself\n"


ENDLESS = {
    **COMMANDS,
    "skill verify": ("skill", "verify"),
    "verify-client --expect": ("verify-client", "--expect"),
    "verify-client --expected-failures": ("verify-client", "--expected-failures"),
    "verify-receiver --expected-failures": ("verify-receiver", "http://127.0.0.1:9", "--secret", "x" * 32, "--expected-failures"),
    "scenarios show": ("scenarios", "show"),
}


@pytest.fixture
def bounded_memory() -> Iterator[None]:
    """Lets this process have no more than it may need: what reads a file without an end fails then, and does not take the machine's."""
    sizes = Path("/proc/self/statm")
    if not sizes.exists():
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(sizes.read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES_MORE, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.slow
@pytest.mark.usefixtures("bounded_memory")
@pytest.mark.skipif(sys.platform == "win32", reason="has no such file")
@pytest.mark.parametrize("command", ENDLESS)
def test_file_without_an_end_is_read_no_further_than_it_may_be_long(command: str) -> None:
    told = call(*ENDLESS[command], "/dev/zero", *(["--", "true"] if "client" in command else []))
    assert (told.code, "has more than" in told.err, "Traceback" in told.err) == (2, True, False), told.err


@pytest.mark.slow
@pytest.mark.usefixtures("bounded_memory")
@pytest.mark.skipif(sys.platform == "win32", reason="has no such file")
def test_input_without_an_end_is_read_no_further_than_it_may_be_long(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/zero").open(encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        told = call("replay", "-")
    assert (told.code, "- cannot be read: it has more than 402653184 bytes" in told.err) == (2, True), told.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["serve --scenario", "serve --catalog", "serve --profile", "skill check", "calibrate", "scenarios validate"]
)
def test_name_that_no_file_can_have_is_wrong_usage(command: str) -> None:
    told = call(*COMMANDS[command], "a" * 5_000)
    assert (told.code, told.out) == (2, "")
    assert "Traceback" not in told.err


@pytest.mark.slow
@pytest.mark.parametrize("host", ["", " ", "\udcff", "a" * 300])
def test_host_that_is_none_is_wrong_usage_and_no_host_is_not_every_interface(host: str) -> None:
    told = call("serve", "--port", "0", "--host", host)
    assert (told.code, told.out) == (2, "")
    assert len(told.err.splitlines()) == 1, told.err
