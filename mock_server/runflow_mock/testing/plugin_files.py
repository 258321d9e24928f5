"""Files that options of the plugin name: a profile by which tenants speak, and a document that judges."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runflow_mock.openapi.contracts import Contract
from runflow_mock.openapi.foreign_documents import DocumentError
from runflow_mock.runtime.foreign_documents import load_contract
from runflow_mock.runtime.profiles import load_profile

WRONG_USAGE = 2


def spoken(file: Path, switches: Mapping[str, str]) -> dict[str, Any]:
    """Returns the settings that let a tenant speak by a profile, its own switches on top."""
    try:
        profile = load_profile(file)
    except ValueError as error:
        raise pytest.UsageError(f"runflow_profile: {error}") from None
    return {"dialect": profile.dialect, "switches": {**profile.switches, **switches}}


def contract_at(source: str) -> Contract:
    """Returns the user's document; what is wrong with it ends the session, for nothing could be judged."""
    try:
        return load_contract(source)
    except DocumentError as error:
        pytest.exit(f"runflow_openapi: {error}", returncode=WRONG_USAGE)
