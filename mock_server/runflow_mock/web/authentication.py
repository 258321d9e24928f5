"""Authentication: from the Authorization header to tenant and principal, or a 401 that says why."""

from runflow_mock.domain.identity import is_uuid
from runflow_mock.domain.principals import Principal, allows, looks_real
from runflow_mock.domain.tenants import TenantSettings
from runflow_mock.runtime.keepers import Elsewhere, KeepError, Unusable
from runflow_mock.runtime.refusals import KeyTaken, ServerFull, TenantUnavailable
from runflow_mock.runtime.tenants import Tenant
from runflow_mock.web.calls import Call
from runflow_mock.web.strangers import why_no_tenant
from runflow_mock.wire.problems import Problem, forbidden, invalid_field, not_now, unauthorized

SCHEME = "bearer "


def authenticate(call: Call) -> tuple[Tenant, Principal]:
    """Returns who is asking; the first use of a key that nobody has yet makes its tenant, where nothing speaks against it.

    Raises:
        Problem: 401; 503 when the key would make a tenant and there is no room.
    """
    tenants, authorization = call.runtime.tenants, call.header(b"authorization")
    if not authorization:
        raise unauthorized("Missing API key: send Authorization: Bearer <key>.")
    key = key_in(authorization)
    if key is None:
        raise unauthorized("The Authorization header is not of the form: Bearer <key>.")
    # A key that somebody has needs no leave: that is only asked for making a tenant.
    found = tenants.known(key)
    if found is not None:
        return found
    reason = None if looks_real(key) else why_no_tenant(call, key)
    if reason is not None:
        raise unauthorized(f"Invalid API key: no tenant has it, and {reason}.")
    try:
        found = tenants.find(key)
    except ServerFull as error:
        raise full(error) from None
    except KeyTaken as error:
        raise unauthorized(f"Invalid API key: it would make a tenant, and {error.key} is a key of tenant {error.owner} already.") from None
    except TenantUnavailable as error:
        raise Problem(503, "SERVICE_UNAVAILABLE", f"runflow-mock: {error}.") from None
    except KeepError as error:
        raise not_kept(error) from None
    if found is None:
        raise unauthorized(_explain(key))
    return found


def key_in(authorization: str | None) -> str | None:
    """Returns the key that a header carries, if it is of the right form."""
    if authorization is None or not authorization.lower().startswith(SCHEME):
        return None
    return authorization[len(SCHEME) :].strip()


def not_kept(error: KeepError) -> Problem:
    """Returns the 507 for what cannot be written down, and so has not happened, or the 503 where nobody here has the tenant."""
    if isinstance(error, Elsewhere):
        return not_now(f"runflow-mock: {error}; ask again")
    if isinstance(error, Unusable):
        return Problem(503, "SERVICE_UNAVAILABLE", f"runflow-mock: {error}.")
    return Problem(507, "INSUFFICIENT_STORAGE", f"runflow-mock keeps this tenant and cannot write: {error}. Nothing has changed.")


def full(error: ServerFull) -> Problem:
    """Returns the 503 for a server that has no room for another tenant."""
    way_out = f"delete tenants with DELETE /_mock/tenants/{{tenant}} or raise {error.option}"
    return Problem(503, "SERVICE_UNAVAILABLE", f"runflow-mock has no room for a new tenant: {error}; {way_out}.")


def authorize(principal: Principal, scope: str | None, organization: str | None) -> None:
    """Checks scope and organization of a request.

    Raises:
        Problem: 403; 422 for an organization that is no UUID.
    """
    if scope is not None and scope not in principal.scopes and not allows(principal.scopes, scope):
        raise forbidden(f"Your account is not authorized to access this resource: the key lacks the scope {scope}.")
    if organization is None:
        return
    if not is_uuid(organization.lower()):
        raise invalid_field(("header", "X-Organization-Id"), "Input should be a valid UUID", "uuid_parsing")
    if organization.lower() != principal.org_id:
        raise forbidden("The key does not belong to this organization.", "ORGANIZATION_MEMBERSHIP_REQUIRED")


def admit_to_beta(settings: TenantSettings) -> None:
    """Lets an organization deploy and run ComfyUI workflows.

    Raises:
        Problem: 403, for an organization outside the beta. Source: `comfyui.beta-gate`.
    """
    if not settings.comfyui_beta:
        raise forbidden("ComfyUI deployment is in beta, and this organization is not enrolled.", "COMFYUI_DEPLOY_BETA_NOT_ENABLED")


def _explain(key: str) -> str:
    if looks_real(key):
        return "This looks like a real Runflow key. runflow-mock never takes, keeps or logs one: use rf_live_mock_<tenant> instead."
    return "Invalid API key: runflow-mock takes rf_live_mock_<tenant>, with a tenant of a-z, 0-9 and _, or a key of RUNFLOW_MOCK_KEYS."
