"""The sites of the service: API, website, documentation, dashboard and sample pictures, each on a host of its own.

Reached as localhost, by an address or as a container, the fake serves all of them at one address. Reached by one of the service's own
names, as clients with hard-coded hosts do, it serves each at its host: what the service does not have there is not there either.

Source: `www.samples`, `www.settings`, `www.llms`, `status.documents`.
"""

from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

_DOMAIN = "runflow.io"


class Site(StrEnum):
    """One of the service's hosts, by the first part of its name."""

    API = "api"
    WWW = "www"
    DOCS = "docs"
    APP = "app"
    PUBLIC = "public"


HOSTS = {f"{site}.{_DOMAIN}": site for site in Site}


class Sites(msgspec.Struct, frozen=True):
    """The base URL of each site, without a trailing slash."""

    api: str
    www: str
    docs: str
    app: str
    public: str

    def base_of(self, site: Site) -> str:
        """Returns the base URL of a site."""
        return {Site.API: self.api, Site.WWW: self.www, Site.DOCS: self.docs, Site.APP: self.app, Site.PUBLIC: self.public}[site]


def sites_of(base_url: str) -> Sites:
    """Returns where the sites are for a client that reached one of them at `base_url`."""
    parts = urlsplit(base_url)
    if parts.hostname not in HOSTS:
        return Sites(*(base_url for _ in Site))
    port = "" if parts.port is None else f":{parts.port}"
    return Sites(*(f"{parts.scheme}://{site}.{_DOMAIN}{port}" for site in Site))
