"""runflow-mock: a faithful local fake of the Runflow API and a contract-testing kit around it.

`create_app(Config(...))` is the fake as an ASGI application; `runflow_mock.testing` has what tests use.
"""

from typing import TYPE_CHECKING, Any

from runflow_mock.version import __version__

if TYPE_CHECKING:
    from runflow_mock.runtime.config import Config
    from runflow_mock.web.app import create_app

__all__ = ["Config", "__version__", "create_app"]


def __getattr__(name: str) -> Any:
    """Loads what is asked for: `import runflow_mock` alone costs nothing, and every command imports it."""
    if name == "Config":
        from runflow_mock.runtime.config import Config

        return Config
    if name == "create_app":
        from runflow_mock.web.app import create_app

        return create_app
    raise AttributeError(f"module 'runflow_mock' has no attribute {name!r}")
