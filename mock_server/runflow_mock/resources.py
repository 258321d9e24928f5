"""Finds the data that ships with the package: inside the wheel, or beside the source root in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """Returns the folder `contracts` or `fixtures`.

    Raises:
        FileNotFoundError: neither the wheel nor a checkout holds it, which means that the installation is damaged.
    """
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"runflow-mock's data folder {name!r} is missing beside {_PACKAGE}; reinstall the package")
