"""What each of the service's hosts answers when the fake is reached by the service's own names.

The API's host has the API. The other hosts have pages; a page of another site is answered with the way there, so that links work, and
everything else with 404: a client that sends API calls to the wrong host must not get away with it.

Source: `www.samples`, `www.settings`, `www.llms`. Inferred: the redirects between the sites.
"""

from collections.abc import Mapping

from msgspec.structs import replace

from runflow_mock.web import documents
from runflow_mock.web.calls import Answer, Call, Handler
from runflow_mock.web.operations import API_OPERATIONS, SITE_OPERATIONS
from runflow_mock.web.routing import Operation
from runflow_mock.wire.sites import Site

# Where a page is, by the id of its operation; the first host is where others lead to. Pages that are not named are on the website.
_HOMES: Mapping[str, tuple[Site, ...]] = {
    "get_openapi": (Site.API,),
    "get_docs": (Site.API,),
    "www_docs_file": (Site.API,),
    "www_openapi": (Site.DOCS,),
    "www_overview": (Site.WWW, Site.DOCS),
    "www_everything": (Site.WWW, Site.DOCS),
    "www_keys": (Site.APP,),
    "www_sample": (Site.PUBLIC,),
    "www_signup": (Site.APP,),
    "www_deploy": (Site.APP,),
    "www_home": (Site.WWW, Site.APP, Site.DOCS),
    "www_robots": (Site.WWW, Site.APP, Site.DOCS, Site.PUBLIC),
}
_WEBSITE = (Site.WWW,)


def operations_at(site: Site) -> tuple[Operation[Handler], ...]:
    """Returns what a host answers, pages of other hosts included."""
    if site is Site.API:
        return (*API_OPERATIONS, *(page for page in SITE_OPERATIONS if site in _homes(page)))
    pages = (*documents.OPERATIONS, *SITE_OPERATIONS)
    return tuple(page if site in _homes(page) else replace(page, handler=_lead_to(_homes(page)[0])) for page in pages)


def _homes(page: Operation[Handler]) -> tuple[Site, ...]:
    return _HOMES.get(page.id, _WEBSITE)


def _lead_to(site: Site) -> Handler:
    def lead(call: Call) -> Answer:
        address = call.sites.base_of(site) + call.target
        return Answer(307, b"", ((b"location", address.encode("latin-1")), (b"cache-control", b"no-cache")))

    return lead
