"""The server of a session is found by its address, and where none is, that is told without what nobody may read."""

import pytest

from runflow_mock.testing.runflow import open_tenant
from runflow_mock.testing.session_servers import NoServer, RunflowServer, server_at


def test_address_of_a_server_may_end_with_a_slash(url: str) -> None:
    assert server_at(f"{url}/") == RunflowServer(url, is_external=True)
    with open_tenant(f"{url}/") as runflow:
        assert (runflow.base_url, runflow.ledger.balance) == (url, "10.000000")
        runflow.control.delete_tenant(runflow.tenant)


@pytest.mark.parametrize("address", ["http://me:w0rd@127.0.0.1:0/", "http://me:w0rd@127.0.0.1:99999", "me:w0rd@127.0.0.1"])
def test_password_in_the_address_of_a_server_is_not_told(address: str) -> None:
    with pytest.raises(NoServer, match=r"runflow_server: no runflow-mock is at '(http://)?127\.0\.0\.1") as told:
        server_at(address)
    assert "w0" not in str(told.value)


@pytest.mark.parametrize("address", ["http://:80", "http://a b", "http://@"])
def test_address_without_a_host_is_told_as_that_of_no_server(address: str) -> None:
    with pytest.raises(NoServer, match=r"runflow_server: no runflow-mock is at .*: url is an address such as"):
        server_at(address)


@pytest.mark.parametrize(
    "address",
    ["http://me:s3c/r3t@127.0.0.1:9", "http://me:s3c?r3t@127.0.0.1:9", "http://me:s3c#r3t@127.0.0.1:9/x", "me:s3c/r3t@127.0.0.1:9"],
)
def test_password_with_a_slash_is_not_told_even_in_part(address: str) -> None:
    with pytest.raises(NoServer, match=r"'\.\.\.@127\.0\.0\.1:9.*write / as %2F") as told:
        server_at(address)
    assert "s3c" not in str(told.value)
    assert "r3t" not in str(told.value)


def test_server_at_an_address_with_credentials_is_found(url: str) -> None:
    address = url.replace("://", "://me:w0rd@")
    assert server_at(address) == RunflowServer(address, is_external=True)
