"""`python -m image`: builds the image and tries it; prints what was seen, and ends with 1 where something is not as it should be."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from image.boxes import Engine
from image.commands import ROOT, Failed, named_base
from image.compositions import try_composition
from image.docker import Docker
from image.podman import Ground, Podman, own_ground
from image.recipes import try_recipes
from image.story import tell

CACHE = ROOT / "build" / "image"
OWN_MEANS = ("podman", "runc", "iptables", "debootstrap")
# What these need is not all on the PATH.
PACKAGES = (*OWN_MEANS, "netavark", "aardvark-dns")


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
        report.mkdir()
        # The image's user, who is nobody here, writes into it.
        report.chmod(0o777)
        tell(engine, report, say)
        try_recipes(engine, say)
        try_composition(engine, say)
    except Failed as error:
        sys.exit(f"image: {error}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    say("the image is well")


def find_engine(work: Path) -> Engine:
    """Returns the first engine that can build on this machine.

    Raises:
        Failed: there is none.
    """
    if _works("docker", "info"):
        return Docker(("docker",), work)
    base = named_base()
    if _works("podman", "image", "exists", base) or _works("podman", "pull", "--quiet", base):
        return Podman(work, Ground(("podman",), base))
    if all(map(shutil.which, OWN_MEANS)) and os.geteuid() == 0:
        return Podman(work, own_ground(work, CACHE))
    raise Failed(f"there is neither Docker nor Podman with {base}; on Debian, root can do without: apt-get install {' '.join(PACKAGES)}")


def _works(program: str, *arguments: str) -> bool:
    return bool(shutil.which(program)) and subprocess.run([program, *arguments], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main()
