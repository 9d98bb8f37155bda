"""Write small workbooks, .xlsx, .ods and .xls, cell by cell."""

import struct
import zipfile
from typing import NamedTuple
from xml.sax.saxutils import escape

FAILED = object()


class Percent(NamedTuple):
    """A number that is shown as a percentage."""

    value: float


_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
</Types>"""
_STYLES = """<?xml version="1.0" encoding="UTF-8"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<numFmts><numFmt numFmtId="164" formatCode="0.0\\ %"/><numFmt numFmtId="165" formatCode="0.0&quot; %&quot;"/></numFmts>
<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs>
<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs>
</styleSheet>"""
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def xlsx(path, sheets, *, hidden=()):
    """Write ``{name of a sheet: rows of cells}``; a cell is text, a number, None, a percentage or FAILED."""
    state = {name: ' state="hidden"' for name in hidden}
    entries = [
        f'<sheet name="{escape(name)}" sheetId="{k}" r:id="rId{k}"{state.get(name, "")}/>'
        for k, name in enumerate(sheets, start=1)
    ]
    links = [
        f'<Relationship Id="rId{k}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{k}.xml"/>'
        for k in range(1, len(sheets) + 1)
    ]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("xl/styles.xml", _STYLES)
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument"'
            ' Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{"".join(entries)}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}">{"".join(links)}</Relationships>'
        )
        for k, rows in enumerate(sheets.values(), start=1):
            body = "".join(f"<row>{''.join(map(_xlsx_cell, row))}</row>" for row in rows)
            archive.writestr(
                f"xl/worksheets/sheet{k}.xml",
                f'<worksheet xmlns="{_MAIN}"><sheetData>{body}</sheetData></worksheet>',
            )


def _xlsx_cell(cell):
    if cell is None:
        return "<c/>"
    if isinstance(cell, str):
        return f'<c t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    if cell is FAILED:
        return '<c t="e"><f>1/0</f><v>#DIV/0!</v></c>'
    if isinstance(cell, Percent):
        return f'<c s="1"><v>{cell.value!r}</v></c>'
    return f"<c><v>{cell!r}</v></c>"


def ods(path, sheets):
    """Write ``{name of a sheet: rows of cells}`` as an OpenDocument spreadsheet."""
    tables = "".join(
        f'<table:table table:name="{escape(name)}">'
        + "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    name = "urn:oasis:names:tc:opendocument:xmlns"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", f'<manifest:manifest xmlns:manifest="{name}:manifest:1.0"/>')
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0"?><office:document-content xmlns:office="{name}:office:1.0" '
            f'xmlns:table="{name}:table:1.0" xmlns:text="{name}:text:1.0" office:version="1.2"><office:body>'
            f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>",
        )


def _ods_cell(cell):
    if cell is None:
        return "<table:table-cell/>"
    if isinstance(cell, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
    if cell is FAILED:
        shown = "<text:p>#DIV/0!</text:p>"
        return f'<table:table-cell office:value-type="string" office:string-value="">{shown}</table:table-cell>'
    if isinstance(cell, Percent):
        return f'<table:table-cell office:value-type="percentage" office:value="{cell.value!r}"/>'
    return f'<table:table-cell office:value-type="float" office:value="{cell!r}"/>'


def xls(path, sheets):
    """Write ``{name of a sheet: rows of cells}`` as a workbook of the time before .xlsx (BIFF8 in a compound file)."""
    formats = _record(0x41E, struct.pack("<H", 164) + _long_text("0.0 %"))
    formats += b"".join(_record(0xE0, struct.pack("<2H", 0, number) + bytes(16)) for number in (0, 164))
    bodies = [_xls_sheet(rows) for rows in sheets.values()]
    beginning = _record(0x809, struct.pack("<8H", 0x600, 5, 0, 0, 0, 0, 0, 0)) + formats
    at = len(beginning) + sum(4 + 6 + 2 + len(name) for name in sheets) + 4
    for name, body in zip(sheets, bodies):
        beginning += _record(0x85, struct.pack("<IHBB", at, 0, len(name), 0) + name.encode("latin-1"))
        at += len(body)
    _compound(path, beginning + _record(0x0A, b"") + b"".join(bodies))


def _xls_sheet(rows):
    cells = b""
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            if isinstance(cell, str):
                cells += _record(0x204, struct.pack("<3H", r, c, 0) + _long_text(cell))
            elif cell is FAILED:
                cells += _record(0x205, struct.pack("<3HBB", r, c, 0, 7, 1))
            elif cell is not None:
                style = int(isinstance(cell, Percent))
                cells += _record(0x203, struct.pack("<3Hd", r, c, style, cell.value if style else cell))
    return _record(0x809, struct.pack("<8H", 0x600, 16, 0, 0, 0, 0, 0, 0)) + cells + _record(0x0A, b"")


def _record(kind, data):
    return struct.pack("<2H", kind, len(data)) + data


def _long_text(text):
    return struct.pack("<HB", len(text), 0) + text.encode("latin-1")


def _compound(path, stream):
    """A file system with one stream in sectors of 512 bytes."""
    stream += bytes(max(4096 - len(stream), -len(stream) % 512))
    n = len(stream) // 512
    end, free = 0xFFFFFFFE, 0xFFFFFFFF
    table = [0xFFFFFFFD, end, *range(3, n + 2), end]
    table += [free] * (128 - len(table))
    header = struct.pack("<8s16x5H10xI", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 1)
    header += struct.pack("<7I", 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)
    entries = b""
    for name, kind, start, size, child in (("Root Entry", 5, end, 0, 1), ("Workbook", 2, 2, len(stream), free)):
        encoded = name.encode("utf-16-le")
        entry = encoded.ljust(64, b"\0") + struct.pack("<HBB3I", len(encoded) + 2, kind, 1, free, free, child)
        entries += entry.ljust(116, b"\0") + struct.pack("<IQ", start, size)
    with open(path, "wb") as file:
        file.write(header + struct.pack("<128I", *table) + entries.ljust(512, b"\0") + stream)
