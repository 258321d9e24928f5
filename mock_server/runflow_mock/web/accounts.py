"""The account: who a key belongs to, and the credit balance."""

from runflow_mock.web.calls import Answer, Call, Handler, answer
from runflow_mock.web.lists import answer_list
from runflow_mock.web.routing import Operation
from runflow_mock.wire.accounts import EMBEDS, decode_embed, represent_account
from runflow_mock.wire.billing import BALANCE_FIELDS, BalanceRow, decode_threshold, represent_balance


def get_current_user(call: Call) -> Answer:
    """GET /v1/auth/me"""
    tenant = call.caller
    embed = decode_embed(call.parameters.get("embed"), EMBEDS)
    return answer(represent_account(call.principal, tenant.settings.name, embed, tenant.world.started_at))


def get_balance(call: Call) -> Answer:
    """GET /v1/billing/balance"""
    return answer(_balance_body(call))


def update_balance(call: Call) -> Answer:
    """PATCH /v1/billing/balance: only the threshold of the warning can change."""
    call.execute(decode_threshold(call.read_body()))
    return answer(_balance_body(call))


def list_credit_balances(call: Call) -> Answer:
    """GET /v1/credit-balances: one client reads `balance` or `balance_usd` of the first item."""
    body = _balance_body(call)
    row = BalanceRow(str(body["id"]), call.caller.world.started_at)
    return answer_list(call, (row,), BALANCE_FIELDS, lambda row: {**body, "balance_usd": body["balance"]})


def _balance_body(call: Call) -> dict[str, object]:
    world = call.caller.world
    return represent_balance(world.store.ledger, world.org_id, world.started_at)


OPERATIONS: tuple[Operation[Handler], ...] = (
    Operation("GET", "/v1/auth/me", get_current_user, takes_organization=False),
    Operation("GET", "/v1/billing/balance", get_balance, scope="credit_balance:read"),
    Operation("PATCH", "/v1/billing/balance", update_balance, scope="credit_balance:edit"),
    Operation("GET", "/v1/credit-balances", list_credit_balances, scope="credit_balance:read", evidence="named"),
)
