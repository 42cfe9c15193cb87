"""Where the program is that this package runs."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

_NAME = "docmill.exe" if sys.platform == "win32" else "docmill"


def find_program() -> Path:
    """The program ``docmill`` of this package.

    The variable ``DOCMILL_PROGRAM`` names another one. Without a wheel, as in a checkout, it is searched on the PATH.

    Returns:
        Its absolute path.

    Raises:
        FileNotFoundError: It is nowhere.
    """
    named = os.environ.get("DOCMILL_PROGRAM")
    if named:
        if not Path(named).is_file():
            raise FileNotFoundError(f"DOCMILL_PROGRAM names {named}, which is not a file")
        return _absolute(named)
    folders = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    if hasattr(sysconfig, "get_preferred_scheme"):
        folders.append(sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user")))
    # `pip install --target` has its own folder.
    folders.append(str(Path(__file__).resolve().parent.parent / "bin"))
    for folder in folders:
        program = Path(folder) / _NAME
        if program.is_file():
            return _absolute(program)
    found = shutil.which(_NAME)
    if found is None:
        raise FileNotFoundError(f"the program {_NAME} is not installed: `pip install docmill` installs it")
    return _absolute(found)


def _absolute(program: str | Path) -> Path:
    """The path by which a program is started: a name without a folder would be searched on the PATH."""
    return Path(os.path.abspath(program))
