"""Profiles at work: the file that says how a server speaks."""

from pathlib import Path

from runflow_mock.runtime.config import ConfigError
from runflow_mock.wire.profiles import Profile, ProfileError, read_profile


def load_profile(file: Path) -> Profile:
    """Returns the profile in a file.

    Raises:
        ConfigError: the file cannot be read, or holds none.
    """
    try:
        return read_profile(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"profile {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"profile {file} is not UTF-8: {error.reason} at byte {error.start}") from None
    except ProfileError as error:
        raise ConfigError(f"profile {file}: {error}") from None
