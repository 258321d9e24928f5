"""A broker that cannot be used is told in one line, by whoever starts `serve`, with exit 2."""

import asyncio
import re
from typing import Any

import pytest
from clusters import worker
from commands import call, run_command
from nats.aio.client import Client

from runflow_mock.runtime.config import ConfigError


async def _unreachable(address: str, *, error_cb: Any, **options: Any) -> Client:
    for _ in range(5):
        await error_cb(OSError("nobody is there"))
    raise TimeoutError


async def _join() -> None:
    async with worker("nats://somebody:secret@broker.example:4222", connect=_unreachable):
        raise AssertionError("it must not start")


def test_broker_that_was_never_there_is_told_once_with_the_reason() -> None:
    with pytest.raises(ConfigError) as raised:
        asyncio.run(_join())
    assert str(raised.value) == "keep: the broker at broker.example:4222 cannot be reached: nobody is there"


@pytest.mark.parametrize(
    "address",
    [
        "nats://[::1", "tls://[", "nats://", "nats://[::1]x:4222", "nats://a:99999", "nats://a:٣", "nats://a:-1", "nats://a:0",
        "nats://a b", "nats://a\udce9", "nats://a..b", "nats://somebody:secret@[::1",
    ],
)  # fmt: skip
def test_address_that_can_be_no_brokers_is_told_with_the_option_and_the_way_out(address: str) -> None:
    told = call("serve", "--port", "0", "--keep", address)
    assert (told.code, told.out) == (2, "")
    assert re.fullmatch(r"runflow-mock: keep: .* is not the address of a broker such as nats://HOST:4222: it must .*\n", told.err)
    assert "secret" not in told.err


@pytest.mark.slow
def test_server_that_cannot_use_its_broker_says_so_and_exits_with_2() -> None:
    done = run_command("serve", "--port", "0", "--keep", "nats://127.0.0.1:1?replicas=2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == "runflow-mock: keep: replicas '2' must be 1, 3 or 5"
