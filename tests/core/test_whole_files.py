"""A file is whole whenever its writer is killed."""

import errno
import os
import subprocess
import sys
import time

import pytest

from skspectral._core.whole_files import write_whole

# writes one file again and again, each time all of another letter
WRITER = """
import sys
from skspectral._core.whole_files import write_whole
print("ready", flush=True)
while True:
    for letter in (b"a", b"b"):
        write_whole(sys.argv[1], letter * 3_000_000)
"""


@pytest.mark.parametrize("wait", [0.0, 0.03, 0.11, 0.2])
def test_a_killed_writer_leaves_the_old_file_or_the_new_one(tmp_path, wait):
    path = tmp_path / "predictions.csv"
    write_whole(path, b"a" * 3_000_000)
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    time.sleep(wait)
    process.kill()
    process.communicate()
    content = path.read_bytes()
    assert len(content) == 3_000_000 and len(set(content)) == 1


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "model"
    write_whole(path, b"old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="cannot be written") as raised:
        write_whole(path, b"new")
    # a full disk names no file by itself
    assert raised.value.errno == errno.ENOSPC and raised.value.filename == str(path)
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_one(tmp_path):
    (tmp_path / "store").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "store")
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "store").read_bytes() == b"new"
