"""Writing a file so that there is always a whole one, whatever happens meanwhile."""

import os
import uuid
from contextlib import suppress
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path, data):
    """Write beside the file and put it in its place when everything is on the disk.

    Parameters
    ----------
    path : path-like
        A file that exists is replaced at once; a link stays one.
    data : bytes

    Raises
    ------
    OSError
        If it cannot be written; what was there before is still there.
    """
    path = Path(os.path.realpath(path))
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with open(partial, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        # the file that the user named; a full disk names none
        raise OSError(error.errno, f"cannot be written ({error.strerror or error})", str(path)) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
