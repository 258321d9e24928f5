"""Flags in the query of a verb."""

from runflow_mock.web.calls import Call
from runflow_mock.wire.control import refused
from runflow_mock.wire.listing import read_flag


def flag_in(call: Call, name: str) -> bool:
    """Returns a flag that is off where it is not given."""
    try:
        return read_flag(call.parameters.get(name) or "false")
    except ValueError:
        raise refused(f"{name} {call.parameters[name][:80]!r} must be true or false") from None
