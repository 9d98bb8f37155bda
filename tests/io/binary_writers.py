"""Write small files of the binary formats, byte by byte, to know what readers must find."""

import struct

import numpy as np


def asd(values, *, white=None, revision=8, kind=0, number_form=2, first=350.0, step=1.0, description="", serial=4321):
    """An ASD file: header, spectrum and, from revision 2 on, the header and values of the white reference."""
    codes = {0: "<f4", 1: "<i4", 2: "<f8"}
    header = bytearray(484)
    header[:3] = b"ASD" if revision == 1 else f"as{revision}".encode()
    header[3:10] = b"comment"
    struct.pack_into("<9h", header, 160, 5, 30, 14, 20, 6, 123, 0, 0, 0)
    header[186], header[199], header[431] = kind, number_form, 4
    struct.pack_into("<2f", header, 191, first, step)
    struct.pack_into("<H", header, 204, len(values))
    struct.pack_into("<H", header, 400, serial)
    struct.pack_into("<2f", header, 444, 1000.0, 1800.0)
    data = bytes(header) + np.asarray(values).astype(codes[number_form]).tobytes()
    if revision > 1:
        text = description.encode("latin-1")
        data += struct.pack("<h16xH", white is not None, len(text)) + text
    if white is not None:
        data += np.asarray(white).astype(codes[number_form]).tobytes()
    return data


def spc(
    spectra, *, axis=None, own_axes=None, first=1100.0, last=1200.0, exponent=-128, half=False, x_type=3, y_type=2,
    labels=None, log=None, sub_exponents=None, version=0x4B, flags=0,
):  # fmt: skip
    """An SPC file: values as floats, or as whole numbers of 32 or (``half``) 16 bits with an exponent."""
    n = len(spectra[0])
    flags |= half | 4 * (len(spectra) > 1) | 0x80 * (axis is not None or own_axes is not None) | 0x40 * bool(own_axes)
    flags |= 0x20 * (labels is not None)
    body = b"" if axis is None else np.asarray(axis, "<f4").tobytes()
    for k, y in enumerate(spectra):
        power = exponent if sub_exponents is None else sub_exponents[k]
        scale = exponent if len(spectra) == 1 else power
        body += struct.pack("<BbH3f2If4x", 0, power, k, float(k), k + 1.0, 0.0, len(y) if own_axes else 0, 0, 0.0)
        if own_axes:
            body += np.asarray(own_axes[k], "<f4").tobytes()
        if exponent == -128:
            body += np.asarray(y, "<f4").tobytes()
        else:
            bits, code = (16, "<i2") if half else (32, "<i4")
            body += np.round(np.asarray(y) * 2.0 ** (bits - scale)).astype(code).tobytes()
    end = 512 + len(body)
    points = end if own_axes else n
    if own_axes:
        body += struct.pack("<2If", 512, 32, 0.0) * len(spectra)
        end += 12 * len(spectra)
    header = struct.pack(
        "<BBBbI2dI4B", flags, version, 5, exponent, points, first, last, len(spectra), x_type, y_type, 5, 0
    )
    date = (2021 << 20) | (7 << 16) | (9 << 11) | (10 << 6) | 45
    header += struct.pack("<I9s9sH32x130s", date, b"4", b"NIR 5000", 0, b"wheat")
    header += (labels or b"").ljust(30, b"\0") + struct.pack("<I", end if log else 0)
    header = header.ljust(512, b"\0")
    if log:
        text = log.encode()
        body += struct.pack("<5I44x", 64 + len(text) + 1, 4096, 64, 0, 0) + text + b"\0"
    return header + body


AB, SCSM, SCRF, RAMAN, REFL, KM = (3, 3, 4), (3, 1, 1), (3, 2, 1), (3, 3, 10), (3, 3, 12), (3, 3, 6)


def _opus_type(kind, *, status=False, derivative=0, series=False):
    part, origin, what = kind
    return part | origin << 2 | status << 4 | what << 10 | derivative << 17 | (2 if series else 0) << 19


def _opus_parameters(**values):
    data = b""
    for key, value in values.items():
        if isinstance(value, int):
            code, packed = 0, struct.pack("<i", value)
        elif isinstance(value, float):
            code, packed = 1, struct.pack("<d", value)
        else:
            text = value.encode("latin-1") + b"\0"
            code, packed = 2, text.ljust(-(-len(text) // 4) * 4, b"\0")
        data += key.encode() + b"\0" + struct.pack("<2h", code, len(packed) // 2) + packed
    return data + b"END\0" + bytes(4)


def opus(*blocks, name="sample 1", instrument="MPA", first=9000.0, last=4000.0, unit="WN", factor=1.0, **status):
    """An OPUS file of blocks ``(kind, values)`` or ``(kind, values, options of the block)``."""
    parts = [(10 << 4, _opus_parameters(SNM=name)), (2 << 4, _opus_parameters(INS=instrument, SRN="77"))]
    for kind, values, *options in blocks:
        options = options[0] if options else {}
        rows = np.asarray(values, dtype="<f4")
        series = rows.ndim == 2
        low, high = (float(f(rows)) * factor for f in (np.min, np.max))
        told = {"DPF": 1, "NPT": rows.shape[-1], "FXV": first, "LXV": last, "CSF": factor, "MXY": high, "MNY": low}
        told.update({"DXU": unit, "DAT": "01/02/2023", "TIM": "10:11:12.500 (GMT+1)", **status})
        type_ = {"derivative": options.get("derivative", 0), "series": series}
        data = rows.tobytes()
        if series:
            n, times = rows.shape[1], range(len(rows))
            infos = [struct.pack("<8i4d2i7d2i2d", *bytes(14), *bytes(4), factor, *bytes(4), k, k + 0.5) for k in times]
            data = struct.pack("<6i2i", 0, len(rows), 32, n * 4, len(infos[0]), 1, 0, len(rows) - 1)
            data += b"".join(row.tobytes() + info for row, info in zip(rows, infos))
        parts.append((_opus_type(kind, **type_), data))
        parts.append((_opus_type(kind, status=True, **type_), _opus_parameters(**told)))
    start = 24 + 12 * (len(parts) + 1)
    directory, body = struct.pack("<3i", 13 << 10, 3 * (len(parts) + 1), 24), b""
    for code, data in parts:
        directory += struct.pack("<3i", code, len(data) // 4, start + len(body))
        body += data
    return b"\n\n\xfe\xfe" + struct.pack("<d3i", 920622.0, 24, len(parts) + 1, len(parts) + 1) + directory + body
