"""Who may use the control API: no foreign page, no foreign name for this machine; server-wide verbs take a token where one is needed."""

import hmac
import re

from runflow_mock.domain.callback_policy import is_loopback
from runflow_mock.runtime.refusals import ServerFull
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.authentication import SCHEME, authenticate
from runflow_mock.web.calls import Call
from runflow_mock.web.strangers import host_of, is_own_host, strange_page
from runflow_mock.wire.control import ControlError
from runflow_mock.wire.problems import Problem

_BODY_TYPE = re.compile(r"\s*application/(?:(?:[\w.-]+\+)?(?:json|yaml)|x-yaml)\s*(?:;|$)", re.IGNORECASE)


def check_origin(call: Call) -> None:
    """Refuses requests that a web page could have been tricked into: a foreign `Host` (DNS rebinding) or a page from elsewhere.

    Addresses, loopback names and names without a dot (containers) cannot be rebound by a page; other names must be allowed. Pages may come
    from this machine and from allowed hosts alone: that a name is safe to be called says nothing about who serves pages under it.

    Raises:
        ControlError: 403.
    """
    config = call.runtime.config
    # No browser speaks that version, or leaves the name out: nobody can have rebound it.
    is_older = call.scope.get("http_version") == "1.0" and call.header(b"host") is None
    if not is_older and not is_own_host(host_of(call), config):
        raise _foreign("Host", call.header(b"host") or "")
    stranger = strange_page(call)
    if stranger is not None:
        raise _foreign(*stranger)


def check_type(call: Call) -> None:
    """Refuses a body that does not say to be JSON or YAML: a page that asks for no leave can send nothing but such bodies.

    That the sender shows nothing of a browser proves little: old ones leave `Sec-Fetch-Site` out, and a page can leave out the type.

    Raises:
        ControlError: 415.
    """
    given = call.header(b"content-type")
    if not call.body or call.method in ("GET", "HEAD"):
        return
    if given is None or _BODY_TYPE.match(given) is None:
        told = "the body has no Content-Type" if given is None else f"Content-Type {given[:80]!r} is not taken"
        raise ControlError(415, "unsupported_type", f"{told}: send Content-Type: application/json")


def tenant_of(call: Call) -> Tenant:
    """Returns the tenant whose key the request carries.

    Raises:
        ControlError: 401; 503 when the key would make a tenant and there is no room.
    """
    try:
        tenant, call.principal = authenticate(call)
    except Problem as problem:
        kind = "unauthorized" if problem.status == 401 else "full"
        raise ControlError(problem.status, kind, f"{problem.message} This verb acts on the tenant of the key.") from None
    call.tenant = tenant
    return tenant


def check_server_wide(call: Call) -> None:
    """Lets a verb that acts on the whole server pass: without a token on loopback, with the admin token elsewhere.

    Raises:
        ControlError: 401 or 403.
    """
    config = call.runtime.config
    if not config.admin_token:
        if is_loopback(config.host):
            return
        way_out = "set RUNFLOW_MOCK_ADMIN_TOKEN and send it as Authorization: Bearer <token>"
        raise ControlError(403, "forbidden", f"this server listens on {config.host}, so that server-wide verbs need a token: {way_out}")
    given = _bearer(call)
    if not hmac.compare_digest(given.encode(), config.admin_token.encode()) and not is_loopback(config.host):
        raise ControlError(401, "unauthorized", "send the server's admin token as Authorization: Bearer <token>")


def check_entry(call: Call) -> str:
    """Lets somebody send much who may use any verb at all, and returns by what the sender is known: the tenant's name, or nothing.

    Raises:
        ControlError: 401 or 403.
    """
    name = named_by_key(call)
    if not name:
        check_server_wide(call)
    return name


def named_by_key(call: Call) -> str:
    """Returns the name of the tenant whose key the request carries, which need not exist; nothing where it carries none."""
    return call.runtime.tenants.name_of(_bearer(call)) or ""


def names_tenant(call: Call) -> bool:
    """Tells whether the request is about one tenant: it carries a credential, and that is not the server's admin token."""
    given = _bearer(call)
    return bool(given) and not hmac.compare_digest(given.encode(), (call.runtime.config.admin_token or "").encode())


def carries_key_of(call: Call, name: str) -> bool:
    """Tells whether the request carries a key that names the tenant, which need not exist yet."""
    given = _bearer(call)
    return given in (f"rf_live_mock_{name}", f"rf_svc_mock_{name}")


def full(error: ServerFull) -> ControlError:
    """Returns the 503 for a server that has no room for another tenant."""
    return ControlError(503, "full", f"{error}; delete some with DELETE /_mock/tenants/{{tenant}} or raise {error.option}")


def gone(tenant: Tenant, before: str) -> ControlError:
    """Returns the 404 for whoever waited for a tenant that went before something had come about."""
    return ControlError(404, "not_found", f"tenant {tenant.settings.name!r} was deleted, or made anew, before {before}")


def _bearer(call: Call) -> str:
    given = call.header(b"authorization") or ""
    return given[len(SCHEME) :].strip() if given.lower().startswith(SCHEME) else given


def _foreign(header: str, value: str) -> ControlError:
    way_out = "address the control API by IP, as localhost, or by a name in RUNFLOW_MOCK_ALLOWED_HOSTS"
    return ControlError(403, "foreign_host", f"{header} {value[:100]!r} is not this server's own: {way_out}")
