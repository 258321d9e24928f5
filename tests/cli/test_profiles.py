"""Profiles: written, read again, refused with the reason, and what counts when several things say how to speak."""

from pathlib import Path
from typing import Any

import pytest
from captured import in_process, readings_of
from doors import Door
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict
from steps import ABSENT, ok, problem

from runflow_mock.cli.serve import command, read_config
from runflow_mock.domain.dialects import SWITCHES, dialect_of
from runflow_mock.kit.calibration.readings import nearest_dialect, switches_of
from runflow_mock.runtime.config import Config, ConfigError
from runflow_mock.runtime.profiles import load_profile
from runflow_mock.wire.profiles import FORMAT, Profile, Source, write_profile

SPOKEN = {"failure_output": "null", "rate_limit_headers": "none", "error_codes": "docs"}
PROFILE = Profile(date="2026-05-01", dialect="docs", switches=SPOKEN, undecided={"signature": "neither"}, sources=(Source("a.json", "00"),))


def configured(*arguments: str) -> Config:
    """What `serve` makes of its arguments."""
    return read_config({**command.make_context("serve", list(arguments)).params})


def saved(folder: Path, profile: Profile = PROFILE, name: str = "profile.yaml") -> str:
    (folder / name).write_bytes(write_profile(profile, as_json=name.endswith(".json")))
    return str(folder / name)


@pytest.mark.parametrize("name", ["profile.yaml", "profile.json"])
def test_profile_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    assert load_profile(Path(saved(tmp_path, name=name))) == PROFILE


def test_profile_that_somebody_wrote_by_hand_needs_no_more_than_this(tmp_path: Path) -> None:
    text = f"format: {FORMAT}\nversion: 1\ndate: '2026-05-01'\ndialect: seed\nswitches: {{status_spelling: us}}\n"
    (tmp_path / "own.yaml").write_text(text)
    assert load_profile(tmp_path / "own.yaml").switches == {"status_spelling": "us"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "this is not YAML"),
        ("[]", "its format is None"),
        ("format: song", "its format is 'song', not 'runflow-mock/profile'; runflow-mock calibrate"),
        (f"format: {FORMAT}\nversion: 2", "it has version 2, and this runflow-mock reads version 1 alone"),
        (f"format: {FORMAT}\nversion: 1", "missing required field `date`"),
        (f"format: {FORMAT}\nversion: 1\ndate: x\ndialect: swiss\nswitches: {{}}", "dialect 'swiss' does not exist; choose one of seed"),
        (f"format: {FORMAT}\nversion: 1\ndate: x\ndialect: seed\nswitches: {{colour: red}}", "switch 'colour' does not exist"),
        (f"format: {FORMAT}\nversion: 1\ndate: x\ndialect: seed\nswitches: {{signature: red}}", "choose one of timestamped, bare"),
        (f"format: {FORMAT}\nversion: 1\ndate: x\ndialect: seed\nswitches: {{}}\ncolour: red", "unknown field `colour`"),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_what_is_no_profile_is_told_by_name_and_reason(tmp_path: Path, text: str | bytes, message: str) -> None:
    (tmp_path / "odd.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        configured("--profile", str(tmp_path / "odd.yaml"))
    assert str(caught.value).startswith(f"profile {tmp_path / 'odd.yaml'}")
    assert message in str(caught.value)


def test_profile_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml cannot be read: No such file"):
        configured("--profile", str(tmp_path / "none.yaml"))


def test_without_a_profile_serve_speaks_seed() -> None:
    assert (configured().dialect, configured().switches) == ("seed", {})


def test_profile_says_what_serve_speaks_and_its_dialect_fills_what_it_leaves_open(tmp_path: Path) -> None:
    assert (configured("--profile", saved(tmp_path)).dialect, configured("--profile", saved(tmp_path)).switches) == ("docs", SPOKEN)


def test_profile_can_be_named_by_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFLOW_MOCK_PROFILE", saved(tmp_path))
    assert configured().switches == SPOKEN


def test_switches_count_before_the_profile_and_the_profile_before_the_dialect(tmp_path: Path) -> None:
    config = configured("--profile", saved(tmp_path), "--dialect", "seed", "--switches", "failure_output=error")
    spoken = dialect_of(config.dialect, config.switches)
    assert spoken == dialect_of("seed", {**SPOKEN, "failure_output": "error"})


def test_switch_of_a_tenant_counts_before_the_servers() -> None:
    with Door(dialect="docs", switches=SPOKEN) as door:
        tenant = ok(door.post("/_mock/tenants", {"switches": {"error_codes": "seed"}}), 201)
        assert (tenant["dialect"], tenant["switches"]) == ("docs", {**SPOKEN, "error_codes": "seed"})
        problem(door.get(f"/v1/runs/{ABSENT}", key=tenant["key"]), 404, "NOT_FOUND")
        problem(door.get(f"/v1/runs/{ABSENT}"), 404, "RUN_NOT_FOUND")


def test_dialect_of_a_tenant_counts_before_the_servers_switches() -> None:
    with Door(switches={**SPOKEN, "error_codes": "seed"}) as door:
        tenant = ok(door.post("/_mock/tenants", {"dialect": "docs", "switches": {"signature": "timestamped"}}), 201)
        assert (tenant["dialect"], tenant["switches"]) == ("docs", {"signature": "timestamped"})
        problem(door.get(f"/v1/runs/{ABSENT}", key=tenant["key"]), 404, "RUN_NOT_FOUND")


def round_trip(folder: Path, switches: dict[str, str]) -> None:
    """A profile made from captures makes a server whose captures make the same profile."""
    readings = readings_of(in_process(switches=switches))
    found = switches_of(readings.values())
    profile = Profile(date="2026-05-01", dialect=nearest_dialect(found), switches=found)
    config = configured("--profile", saved(folder, profile))
    served = readings_of(in_process(dialect=config.dialect, switches=config.switches))
    assert (found, load_profile(folder / "profile.yaml")) == (switches, profile)
    assert served == readings


CHOICES: Any = st.fixed_dictionaries({switch: st.sampled_from(values) for switch, values in SWITCHES.items()})


@pytest.mark.slow(is_covering=True)
@settings(max_examples=12)
@given(CHOICES)
def test_profile_makes_a_server_that_has_this_profile(tmp_path_factory: pytest.TempPathFactory, switches: dict[str, str]) -> None:
    round_trip(tmp_path_factory.mktemp("profiles"), switches)


@pytest.mark.slow(is_covering=True)
def test_one_profile_makes_a_server_that_has_this_profile(tmp_path: Path) -> None:
    spoken = {**asdict(dialect_of("docs", SPOKEN)), "status_spelling": "uk", "rate_limit_headers": "full"}
    del spoken["name"]
    round_trip(tmp_path, spoken)
