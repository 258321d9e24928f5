"""`python -m image`: builds the image and tries it; prints what was seen, and ends with 1 where something is not as it should be."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from image.boxes import Engine
from image.buildah import Buildah
from image.commands import ROOT, Failed
from image.docker import Docker
from image.story import tell

CACHE = ROOT / "build" / "image"


def main() -> None:
    """Builds and tells."""
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {text}", flush=True)

    CACHE.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="work-", dir=CACHE))
    try:
        engine = find_engine(work)
        say(f"building with {type(engine).__name__}")
        engine.build()
        say("built")
        report = work / "report"
        report.mkdir(mode=0o777)
        tell(engine, report, say)
    except Failed as error:
        sys.exit(f"image: {error}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    say("the image is well")


def find_engine(work: Path) -> Engine:
    """Returns the first engine that works on this machine.

    Raises:
        Failed: there is none.
    """
    for program in ("docker", "podman"):
        if shutil.which(program) and subprocess.run([program, "info"], capture_output=True, check=False, timeout=60).returncode == 0:
            return Docker(program, work)
    if shutil.which("buildah") and shutil.which("debootstrap") and os.geteuid() == 0:
        return Buildah(work, CACHE)
    raise Failed("there is neither Docker nor Podman; on Debian, root can do without: apt-get install buildah debootstrap")


if __name__ == "__main__":
    main()
