"""The recipes for Testcontainers, run against the built image by way of the engine's API."""

import os
import sys
from collections.abc import Callable

from image.boxes import Host
from image.commands import IMAGE, ROOT, TOOLS, run

# While it waits for the container, Testcontainers for Python leaves sockets to the garbage collector, which warns of them.
LENIENT = ("-W", "ignore::pytest.PytestUnraisableExceptionWarning")
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", *LENIENT, ROOT / "examples" / "testcontainers")
NPM = ("npm", "run", "test:container", "--prefix", ROOT / "examples" / "typescript")


def try_recipes(host: Host, say: Callable[[str], None]) -> None:
    """Runs them, and says what was seen.

    Raises:
        Failed: a test of theirs failed.
    """
    with host.api() as address:
        env = {
            "DOCKER_HOST": address,
            "RUNFLOW_MOCK_IMAGE": IMAGE,
            "PATH": os.pathsep.join((str(TOOLS), os.environ["PATH"])),
            # The image is the only one that is needed: what clears up after a crash would be pulled.
            "TESTCONTAINERS_RYUK_DISABLED": "true",
            # Containers are where this process is, also where this machine looks like a container itself.
            "TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
            "TESTCONTAINERS_CONNECTION_MODE": "docker_host",
        }
        run(*PYTEST, env=env)
        say("Testcontainers for Python start it, and the tests of the recipe pass")
        run(*NPM, env=env)
        say("so they do for Node")
