import pytest
from msgspec.structs import asdict

from runflow_mock.domain.dialects import BUNDLES, SWITCHES, dialect_of, read_status
from runflow_mock.domain.runs import RunStatus


@pytest.mark.parametrize("name", ["seed", "docs"])
def test_bundle_sets_every_switch_to_a_known_value(name: str) -> None:
    values = asdict(BUNDLES[name])
    assert values.pop("name") == name
    assert set(values) == set(SWITCHES)
    assert all(values[switch] in SWITCHES[switch] for switch in SWITCHES)


def test_bundles_differ_wherever_the_sources_divide_into_older_and_newer_ones() -> None:
    seed, docs = asdict(BUNDLES["seed"]), asdict(BUNDLES["docs"])
    alike = [switch for switch in SWITCHES if seed[switch] == docs[switch]]
    assert alike == ["upload_types", "cancel_billing", "output_form", "run_error"]


def test_seed_speaks_as_the_founding_pages_do() -> None:
    assert asdict(BUNDLES["seed"]) == {
        "name": "seed",
        "status_spelling": "uk",
        "callback_times": "z",
        "failure_output": "null",
        "signature": "timestamped",
        "secret_prefix": "rf_whsec_",
        "error_codes": "seed",
        "rate_limit_headers": "retry-after",
        "cursor_names": "reference",
        "upload_types": "any",
        "cancel_billing": "full",
        "output_form": "documented",
        "run_error": "absent",
    }


@pytest.mark.parametrize("bundle", ["seed", "docs"])
@pytest.mark.parametrize(("switch", "value"), [(switch, value) for switch, values in SWITCHES.items() for value in values])
def test_switch_is_set_on_its_own(bundle: str, switch: str, value: str) -> None:
    assert asdict(dialect_of(bundle, {switch: value})) == {**asdict(BUNDLES[bundle]), switch: value}


@pytest.mark.parametrize(
    ("name", "switches", "known"),
    [
        ("swiss", {}, "seed, docs"),
        ("seed", {"colour": "red"}, "status_spelling"),
        ("docs", {"signature": "red"}, "timestamped, bare"),
        ("seed", {"name": "x"}, "status_spelling"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(name: str, switches: dict[str, str], known: str) -> None:
    with pytest.raises(ValueError, match=known):
        dialect_of(name, switches)


def test_only_the_cancelled_status_is_spelt_in_two_ways() -> None:
    respelt = {status: BUNDLES["docs"].status(status) for status in RunStatus if BUNDLES["docs"].status(status) != status}
    assert respelt == {RunStatus.CANCELLED: "canceled"}
    assert [BUNDLES["seed"].status(status) for status in RunStatus] == list(RunStatus)


def test_filter_reads_either_spelling() -> None:
    assert [read_status(text) for text in ("cancelled", "canceled", "failed", "x")] == ["cancelled", "cancelled", "failed", "x"]
