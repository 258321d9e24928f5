"""Write the types of the TypeScript client from the document of the control API, as the script `generate` of its package does.

python docs/clients.py            write them; needs `make tools`
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from runflow_mock.runtime.config import Config
from runflow_mock.testing.server import serve

ROOT = Path(__file__).resolve().parent.parent
CLIENT = ROOT / "examples" / "typescript"
TYPES = CLIENT / "src" / "control-api.ts"


def generate(target: Path) -> None:
    """Writes the types into a file.

    Raises:
        FileNotFoundError: the generator is not installed.
        RuntimeError: it failed; the message is what it said.
    """
    script = json.loads((CLIENT / "package.json").read_bytes())["scripts"]["generate"]
    name, _, *arguments = script.replace("src/control-api.ts", str(target)).split()
    generator = CLIENT / "node_modules" / ".bin" / name
    if not generator.exists():
        raise FileNotFoundError(f"{generator} is missing: run `make tools`")
    path = os.pathsep.join((str(ROOT / ".venv" / "tools" / "bin"), os.environ["PATH"]))
    with serve(Config(port=0)) as server:
        command = [str(generator), f"{server.url}/_mock/openapi.json", *arguments]
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100, env={**os.environ, "PATH": path})
    if told.returncode != 0:
        raise RuntimeError(f"{name} failed: {told.stdout}{told.stderr}")


def main() -> int:
    """Writes the types of the client that ships."""
    try:
        generate(TYPES)
    except (FileNotFoundError, RuntimeError) as error:
        sys.stderr.write(f"docs-write: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
