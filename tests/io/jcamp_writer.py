"""Write tables of JCAMP-DX in each of its forms, from whole numbers."""

from itertools import pairwise

FORMS = ("AFFN", "PAC", "SQZ", "DIF", "DUP", "DIFDUP")
SQUEEZED = "@ABCDEFGHI", "abcdefghi"
DIFFERENCE = "%JKLMNOPQR", "jklmnopqr"
REPEAT = "STUVWXYZs"


def coded(value, letters):
    digits = str(abs(value))
    first = int(digits[0])
    letter = letters[1][first - 1] if value < 0 else letters[0][first]
    return letter + digits[1:]


def repeated(words):
    """Replace runs of one word by the word and how often it stands."""
    out, k = [], 0
    while k < len(words):
        n = 1
        while k + n < len(words) and words[k + n] == words[k]:
            n += 1
        digits = str(n)
        out.append(words[k] + (REPEAT[int(digits[0]) - 1] + digits[1:] if n > 1 else ""))
        k += n
    return out


def table(first_x, step, values, form, *, per_line=7):
    """Lines of ``(X++(Y..Y))``; in the difference forms each line begins with the last value of the line before."""
    lines, start = [], 0
    difference = form.startswith("DIF")
    while start < len(values):
        chunk = values[start : start + per_line]
        x = first_x + step * start
        if difference and start:
            chunk = [values[start - 1], *chunk]
            x -= step
        if form == "AFFN":
            lines.append(" ".join(map(str, [x, *chunk])))
        elif form == "PAC":
            lines.append(str(x) + "".join(f"{value:+d}" for value in chunk))
        else:
            words = [coded(chunk[0], SQUEEZED)]
            if difference:
                words += [coded(b - a, DIFFERENCE) for a, b in pairwise(chunk)]
            else:
                words += [coded(value, SQUEEZED) for value in chunk[1:]]
            lines.append(str(x) + "".join(repeated(words) if "DUP" in form else words))
        start += per_line
    if difference:
        # A last line that holds the check value alone, as the standard asks for.
        lines.append(str(first_x + step * (len(values) - 1)) + coded(values[-1], SQUEEZED))
    return lines


def block(values, form="AFFN", *, first=4000, step=-2, y_factor=1.0, title="sample", lines=None, **records):
    last = first + step * (len(values) - 1)
    head = {
        **{"TITLE": title, "JCAMP-DX": "4.24", "DATA TYPE": "INFRARED SPECTRUM", "XUNITS": "1/CM"},
        **{"YUNITS": "ABSORBANCE", "XFACTOR": "1", "YFACTOR": f"{y_factor:.17g}", "FIRSTX": first, "LASTX": last},
        **{"NPOINTS": len(values), "FIRSTY": values[0] * y_factor},
        **{label.replace("_", " "): value for label, value in records.items()},
    }
    rows = [f"##{label}={value}" for label, value in head.items() if value is not None]
    return "\n".join([*rows, "##XYDATA=(X++(Y..Y))", *(lines or table(first, step, values, form)), "##END=", ""])
