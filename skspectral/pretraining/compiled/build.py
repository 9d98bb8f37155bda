"""Compile a C file of this package with the machine's own compiler."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["build"]

COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=gnu11", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC")


@cache
def build(name: str, **constants: float) -> ctypes.CDLL:
    """Compile and load a C file; once a process for the same constants.

    Parameters
    ----------
    name : str
        File of this folder without its suffix.
    **constants
        What the preprocessor is to know.

    Returns
    -------
    ctypes.CDLL
        The functions of the file. They hold no lock, so that several threads can be in them.

    Raises
    ------
    RuntimeError
        If there is no compiler, or it does not accept the file.
    """
    wanted = os.environ.get("CC", "")
    compiler = next((found for found in map(shutil.which, (wanted, *COMPILERS)) if found), None)
    remedy = "Install one (gcc or clang; the variable CC may name it), or leave out the setting compile."
    if compiler is None:
        raise RuntimeError(f"compile = true needs a C compiler, and there is none on this machine. {remedy}")
    source = Path(__file__).with_name(f"{name}.c")
    defined = [f"-D{key}={value}" for key, value in constants.items()]
    # The library is in memory once it is loaded, so that its file may go.
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / f"{name}.so"
        command = [compiler, *FLAGS, *defined, str(source), "-o", str(library)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"compile = true: {compiler} does not accept {source.name}. {remedy}\n{done.stderr}")
        return ctypes.CDLL(str(library))
