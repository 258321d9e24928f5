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
