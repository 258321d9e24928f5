"""A tenant that a test opens for itself, in a `with`: it is judged where that ends well, and hides nothing that was raised in it."""

import pytest

pytest_plugins = ["pytester"]


@pytest.mark.slow
def test_end_is_judged_where_nothing_was_raised(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture(params=[False, True], ids=["loopback", "in_process"])
        def opened(request, runflow_tenants):
            def opened():
                return runflow_tenants(in_process=request.param)

            return opened

        def use(runflow):
            runflow.faults.add(what="fail", where={"client_ref": "never"})

        def test_raises(opened):
            with opened() as runflow:
                use(runflow)
                raise KeyError("order 7")

        def test_is_skipped(opened):
            with opened() as runflow:
                use(runflow)
                pytest.skip("not today")

        def test_is_expected_to_fail(opened):
            with opened() as runflow:
                use(runflow)
                pytest.xfail("not yet")

        def test_meets_what_it_expects(opened):
            with pytest.raises(KeyError), opened() as runflow:
                use(runflow)
                raise KeyError("order 7")

        def test_ends_well(opened):
            with opened() as runflow:
                use(runflow)
        """
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(failed=4, skipped=2, xfailed=2, passed=2)
    result.stdout.fnmatch_lines(["E *KeyError: 'order 7'", "*_ test_ends_well*loopback*_", "*never fired: its place was met 0 times*"])
    assert "During handling of the above exception" not in result.stdout.str()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["loopback", "in_process"])
def test_report_of_a_test_tells_of_tenants_that_it_has_opened(pytester: pytest.Pytester, where: str) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.fixture
        def shop(runflow_tenants):
            with runflow_tenants(in_process={where == "in_process"}, balance="1.00") as runflow:
                yield runflow

        @pytest.fixture(scope="module")
        def mall(runflow_tenants):
            with runflow_tenants(in_process={where == "in_process"}, balance="2.00") as runflow:
                yield runflow

        @pytest.fixture
        def broken(runflow_tenants):
            with runflow_tenants(in_process={where == "in_process"}, balance="3.00") as runflow:
                raise KeyError("no order")

        def test_shop(shop):
            assert shop.ledger.balance == "0"

        def test_mall(mall):
            assert mall.ledger.balance == "0"

        def test_broken(broken):
            pass

        def test_itself(runflow_tenants):
            with runflow_tenants(in_process={where == "in_process"}, balance="4.00") as runflow:
                assert runflow.ledger.balance == "0"

        def test_meets_what_it_expects(runflow_tenants):
            with pytest.raises(KeyError), runflow_tenants(in_process={where == "in_process"}, balance="5.00") as runflow:
                raise KeyError("order 7")

        def test_other(runflow):
            assert runflow.ledger.balance == "0"
        """
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(failed=4, errors=1, passed=1)
    # The errors come first, and of each test the tenants that were opened last.
    told = [line.rpartition("=")[2] for line in result.stdout.lines if line.startswith("00:00:00.000  credit")]
    assert told == ["3.000000", "2.000000", "1.000000", "2.000000", "4.000000", "2.000000", "10.000000"]
    artifacts = {line for line in result.stdout.lines if line.startswith("runflow-mock replay ")}
    assert len(artifacts) == 7
