"""Streams of compound files (OLE2), in which old workbooks are kept: a file system of sectors in one file."""

import struct

__all__ = ["stream_of"]

# numbers of sectors from here on end a chain
_LAST = 0xFFFFFFFA
_HEADER, _ENTRY, _STREAM, _ROOT = 512, 128, 2, 5


def stream_of(data, names):
    """Find a stream of a compound file.

    Parameters
    ----------
    data : bytes
        The file.
    names : sequence of str
        The first that there is, is taken.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If there is none of them, or the file is damaged.
    """
    try:
        return _stream(data, names)
    except (struct.error, IndexError) as error:
        raise ValueError("the compound file is cut off or damaged") from error


def _stream(data, names):
    shift, small_shift = struct.unpack_from("<2H", data, 30)
    first, _, cutoff, small_first, _, more, n_more = struct.unpack_from("<I2I4I", data, 48)
    size = 1 << shift
    listed = list(struct.unpack_from("<109I", data, 76))
    for _ in range(n_more):
        # sectors that list further sectors of the table; the last number leads to the next
        *further, more = struct.unpack_from(f"<{size // 4}I", data, _HEADER + (more << shift))
        listed += further
    table = [
        number
        for sector in listed
        if sector < _LAST
        for number in struct.unpack_from(f"<{size // 4}I", data, _HEADER + (sector << shift))
    ]
    directory = _chain(data, first, table, shift, _HEADER)
    entries = {}
    for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
        length, kind = struct.unpack_from("<HB", directory, at + 64)
        if kind in (_STREAM, _ROOT):
            name = directory[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
            entries["" if kind == _ROOT else name] = struct.unpack_from("<IQ", directory, at + 116)
    for name in names:
        if name not in entries:
            continue
        start, length = entries[name]
        length &= 0xFFFFFFFF  # the upper half means something in later versions only
        if length >= cutoff:
            return _chain(data, start, table, shift, _HEADER)[:length]
        small = _chain(data, small_first, table, shift, _HEADER)
        small_table = struct.unpack(f"<{len(small) // 4}I", small[: len(small) // 4 * 4])
        return _chain(_chain(data, entries[""][0], table, shift, _HEADER), start, small_table, small_shift, 0)[:length]
    raise ValueError(f"the compound file holds none of the streams {', '.join(names)}")


def _chain(data, sector, table, shift, offset):
    """Sectors that follow each other in the table, joined."""
    parts, size = [], 1 << shift
    while sector < _LAST:
        if len(parts) > len(table):
            raise ValueError("the sectors of the compound file form a circle")
        at = offset + (sector << shift)
        parts.append(data[at : at + size])
        sector = table[sector]
    return b"".join(parts)
