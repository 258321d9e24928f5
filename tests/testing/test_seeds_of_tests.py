"""The seeds of tests follow from their names, whatever these are."""

import pytest
from costs import lines_run

from runflow_mock.testing.nodes import node_id, seed_from
from runflow_mock.wire.tenants import SEED_CHARACTERS_MAX

pytest_plugins = ["pytester"]


def test_usual_name_is_a_seed_as_it_is() -> None:
    assert seed_from("test_shop.py::test_order[7]") == "test_shop.py::test_order[7]"


@pytest.mark.parametrize("end", ["a" * 9_000, chr(0xD800), chr(0xDCFF)], ids=["long", "half a pair", "byte of a file's name"])
def test_name_that_is_no_seed_leads_to_one_of_its_own(end: str) -> None:
    seeds = {seed_from(f"test_shop.py::test_order[{end}{more}]") for more in ("", "b", chr(0xDFFF))}
    assert len(seeds) == 3
    assert all(seed.startswith("test_shop.py::test_order[") and len(seed.encode()) <= SEED_CHARACTERS_MAX for seed in seeds)


def test_name_of_a_test_without_a_group_is_had_without_a_look_at_what_is_above_it(request: pytest.FixtureRequest) -> None:
    item: pytest.Item = request.node
    assert lines_run(lambda: node_id(item)) < 10
    assert node_id(item) == item.nodeid


@pytest.mark.slow
def test_tenants_of_one_test_have_seeds_of_their_own(pytester: pytest.Pytester) -> None:
    """What keeps records by their id would meet two of the same. A seed that the test asks for is that of all of them."""
    pytester.makepyfile(
        """
        import pytest

        def test_usual(request, runflow, runflow_in_process, runflow_tenants):
            with runflow_tenants() as third:
                assert len({runflow.seed, runflow_in_process.seed, third.seed}) == 3
            assert runflow.seed == request.node.nodeid
            assert runflow_in_process.seed == f"{request.node.nodeid} tenant 2"

        @pytest.mark.runflow(seed="mine")
        def test_asked_for(runflow, runflow_in_process):
            assert (runflow.seed, runflow_in_process.seed) == ("mine", "mine")
        """
    )
    pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-p", "no:cacheprovider").assert_outcomes(passed=2)


@pytest.mark.slow
def test_parameter_may_be_longer_than_a_seed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        SEEDS = []

        @pytest.mark.parametrize("text", ["a" * 2_000, "a" * 2_000 + "b"], ids=str)
        def test_text(runflow_in_process, runflow_tenants, text):
            with runflow_tenants(in_process=True) as other:
                SEEDS.extend((runflow_in_process.seed, other.seed))

        def test_seeds():
            assert len(set(SEEDS)) == 4
        """
    )
    pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-p", "no:cacheprovider").assert_outcomes(passed=3)
