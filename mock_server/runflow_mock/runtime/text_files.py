"""Text files of the user: read whole, or refused in words that name the file."""

from io import StringIO
from pathlib import Path

from runflow_mock.runtime.config import ConfigError
from runflow_mock.user_files import read_file


def read_text_file(file: Path, noun: str) -> str:
    """Returns the text of a file; `noun` says in a refusal what it was to be.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8.
    """
    try:
        # As text files are read: with every end of a line alike.
        return StringIO(read_file(file).decode(), newline=None).read()
    except OSError as error:
        raise ConfigError(f"{noun} {file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{noun} {file} is not UTF-8: {error.reason} at byte {error.start}") from None
