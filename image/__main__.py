"""`python -m image`: builds the image and tries it; prints what was seen, and ends with 1 where something is not as it should be."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from image.boxes import Engine, Host
from image.commands import ROOT, Failed
from image.compositions import try_composition
from image.engines import ENGINES, find_engine
from image.recipes import try_recipes
from image.story import tell

CACHE = ROOT / "build" / "image"

Say = Callable[[str], None]


def main() -> None:
    """Builds and tells."""
    parser = argparse.ArgumentParser(prog="python -m image", description="Build the image and try it.")
    parser.add_argument("--engine", choices=list(ENGINES), help="take this one; without it the first one that works here")
    chosen = parser.parse_args().engine
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {text}", flush=True)

    CACHE.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="work-", dir=CACHE))
    try:
        build_and_try(find_engine([chosen] if chosen else list(ENGINES), work, CACHE, say), work, say)
    except Failed as error:
        sys.exit(f"image: {error}")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    say("the image is well")


def build_and_try(engine: Engine, work: Path, say: Say) -> None:
    """Builds with an engine, and does with the image whatever the engine can.

    Raises:
        Failed: something is not as it should be.
    """
    say(f"building with {type(engine).__name__}")
    engine.build()
    say("built")
    report = work / "report"
    report.mkdir()
    # The image's user, who is nobody here, writes into it.
    report.chmod(0o777)
    tell(engine, report, say)
    if isinstance(engine, Host):
        try_recipes(engine, say)
        try_composition(engine, say)
    else:
        say(f"{type(engine).__name__} has no API: Testcontainers and compose.yaml are left to engines that have one")


if __name__ == "__main__":
    main()
