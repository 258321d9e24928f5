"""Profiles at work: the file that says how a server speaks."""

from pathlib import Path

from runflow_mock.runtime.config import ConfigError
from runflow_mock.runtime.text_files import read_text_file
from runflow_mock.wire.profiles import Profile, ProfileError, read_profile


def load_profile(file: Path) -> Profile:
    """Returns the profile in a file.

    Raises:
        ConfigError: the file cannot be read, or holds none.
    """
    try:
        return read_profile(read_text_file(file, "profile"))
    except ProfileError as error:
        raise ConfigError(f"profile {file}: {error}") from None
