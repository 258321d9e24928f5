import pytest

from runflow_mock.wire.sites import HOSTS, Site, Sites, sites_of


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:8787", "https://localhost:8443", "http://sandbox", "https://runflow.io", "http://[::1]:8787"]
)
def test_everything_is_at_one_address_that_is_not_the_services_own(base_url: str) -> None:
    assert sites_of(base_url) == Sites(*([base_url] * 5))


@pytest.mark.parametrize("host", HOSTS)
def test_each_site_has_its_host_under_the_services_own_names(host: str) -> None:
    sites = sites_of(f"https://{host}:8443")
    assert sites == Sites(*(f"https://{site}.runflow.io:8443" for site in ("api", "www", "docs", "app", "public")))
    assert sites.base_of(HOSTS[host]) == f"https://{host}:8443"


def test_port_that_is_not_named_is_not_added() -> None:
    assert sites_of("http://www.runflow.io").base_of(Site.API) == "http://api.runflow.io"
