"""Frameworks that answer 500 by themselves: the test is handed what their handler has raised, and nothing for a refusal that is meant."""

import asyncio

import httpx
import litestar
import pytest
import quart
from stories import BODY, PATH

pytest_plugins = ["pytester"]
HERE = __file__.rpartition("/")[0]


def make_litestar(handle):
    @litestar.post("/hooks")
    async def take(request: litestar.Request) -> None:
        await handle(litestar.exceptions.NotAuthorizedException)

    return litestar.Litestar([take])


def make_quart(handle):
    app = quart.Quart("shop")

    @app.post("/hooks")
    async def take():
        await handle(lambda: quart.abort(401))
        return "", 204

    return app


async def answer(refuse):
    await asyncio.sleep(0)


async def fail(refuse):
    raise KeyError("order 7")


async def refuse(refuse):
    raise refuse()


def call(runflow):
    with httpx.Client(transport=runflow.transport, headers=runflow.headers) as client:
        body = {**BODY, "callback_url": "https://shop.example/hooks"}
        assert client.post("http://localhost" + PATH, json=body).status_code == 201
    runflow.clock.run_until_idle()
    return runflow.deliveries[0].attempts[-1].status_code


FRAMEWORKS = pytest.mark.parametrize("make", [make_litestar, make_quart])


@FRAMEWORKS
def test_callback_is_answered(make, runflow_in_process):
    runflow_in_process.deliver_to(make(answer), "https://shop.example")
    assert call(runflow_in_process) in (201, 204)


@FRAMEWORKS
@pytest.mark.runflow(allow_violations=True, allow_unused=True)
def test_refusal_that_is_meant_is_no_exception(make, runflow_in_process):
    runflow_in_process.deliver_to(make(refuse), "https://shop.example")
    assert call(runflow_in_process) == 401


@FRAMEWORKS
def test_exception_is_handed_over(make, pytester):
    pytester.makepyfile(
        f"""
        import sys
        sys.path.insert(0, {HERE!r})
        from with_frameworks import call, fail, {make.__name__}

        def test_shop(runflow_in_process):
            runflow_in_process.deliver_to({make.__name__}(fail), "https://shop.example")
            assert call(runflow_in_process) == 500
        """
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-p", "no:randomly")
    result.stdout.fnmatch_lines(["*raise KeyError(*order 7*", "*KeyError: 'order 7'*"])
