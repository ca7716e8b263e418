"""Inputs for reference.py: rows of (key, number, text), written in each format its own way."""
import bz2
import gzip
import lzma
import subprocess

ROW_BYTES = 64  # of an aligned row; smaller splits hold no row


def zstd(data):
    done = subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True)
    return done.stdout


COMPRESSORS = {
    "plain": bytes, "gz": gzip.compress, "gz2": gzip.compress, "bz2": bz2.compress,
    "xz": lzma.compress, "zst": zstd, "zst2": zstd,
}
STORAGES = tuple(COMPRESSORS)


def compress(data, storage):
    """As a file of that storage holds it: "gz2" is two members, one behind the other."""
    middle = len(data) // 2 if storage in ("gz2", "zst2") else len(data)
    parts = [data[:middle], data[middle:]] if middle < len(data) else [data]
    return b"".join(map(COMPRESSORS[storage], parts))


# --- rows --------------------------------------------------------------------------------------


def draw_key(rng, job, distinct):
    key = b"%x" % (rng.randrange(distinct) * 2654435761 % (1 << 32))
    if job.must_spill:  # long keys fill the memory with fewer rows
        key = b"a-key-of-some-length-%s" % key
    if rng.random() < 0.3:
        key = rng.choice((b"a", b"b", b"-dash", b"the", b"aa=b"))
    if rng.random() < 0.05 and not job.clean:
        key += rng.choice((b"\x00", b"\xff", b"\x00\xff", "é".encode(), b"\x01"))
    return key * 40 if rng.random() < 0.01 else key


def draw_number(rng, job):
    whole = rng.choice((rng.randrange(10), rng.randrange(-500, 500), rng.randrange(10**12)))
    text = str(whole)
    if rng.random() < 0.3:
        text += ".%0*d" % (2, rng.randrange(100))
    if rng.random() < 0.1:
        text = "%de%d" % (whole % 1000, rng.randrange(-3, 4))
    if rng.random() < 0.1 and not text.startswith("-") and job.format != "json":
        text = rng.choice(("+", "0", "00")) + text
    return text.encode()


def draw_rows(rng, job, count, distinct):
    words = (b"x", b"lorem", b"ipsum dolor", b"", b"5", b"-1.50")
    return [(draw_key(rng, job, distinct), draw_number(rng, job), rng.choice(words))
            for _ in range(count)]


# --- how each format writes a row --------------------------------------------------------------


def csv_cell(rng, job, cell):
    if rng.random() < 0.1 and not job.clean and cell:
        cell = b"q" + cell + rng.choice((b"\n", b"\r\n", b'"', b", ", b'",\n"')) + b"z"
        return b'"' + cell.replace(b'"', b'""') + b'"'
    return b'"' + cell + b'"' if rng.random() < 0.1 else cell


def json_string(rng, job, text):
    out = b"".join(b"\\u%04x" % c if c < 32 else bytes((c,)) for c in text)
    if rng.random() < 0.1 and not job.clean:
        out += rng.choice((b"\\u00e9", b"\\ud83d\\ude00", b"\\/", b"\\t", b"\\ud800", b"\\u0041"))
    return b'"' + out + b'"'


def write_row(rng, job, row):
    key, num, text = row
    if job.format == "lines":
        return rng.choice((b" ", b"\t", b"  ")).join(row) if rng.random() < 0.3 else b" ".join(row)
    if job.format == "tsv":
        return b"\t".join(row)
    if job.format == "csv":
        return b",".join((csv_cell(rng, job, key), num, csv_cell(rng, job, text)))
    if job.format == "json":
        return b'{"k": %s, "n":%s,"t": {"x": ["a", %s]}, "odd name": [1 , true]}' % (
            json_string(rng, job, key), num if rng.random() < 0.8 else b'"%s"' % num,
            json_string(rng, job, text))
    return (key[:8] + b" " + num[:12]).ljust(23) + b"\n"


def write_bad_row(rng, job):
    if job.format == "json":
        return rng.choice((b'{"k": 1', b"nope", b'{"k" 1}', b'"a" 1', b"[1,]", b'{"k":01}'))
    if job.map[0] == "csv" and rng.random() < 0.5:
        return b"lone"
    return b"lone x" if job.format == "lines" else b"lone\tx" if job.format == "tsv" else b"lone,x"


def write_rows(rng, job, rows):
    end = b"\r\n" if rng.random() < 0.2 else b"\n"
    fixed = job.format.startswith("fixed:")
    aligned = not fixed and rng.random() < 0.3
    lines = []
    for row in rows:
        line = write_row(rng, job, row)
        if aligned and b"\n" not in line:
            line = line.ljust(-(-(len(line) + len(end)) // ROW_BYTES) * ROW_BYTES - len(end))
        lines.append(line if fixed else line + end)
    if not fixed and not job.must_spill and rng.random() < 0.2:
        lines.insert(rng.randrange(len(lines) + 1), end * rng.randrange(1, 4))
    for _ in range(job.bad_rows):
        lines.insert(rng.randrange(len(lines) + 1), write_bad_row(rng, job) + end)
    if fixed and rng.random() < 0.15:
        lines.append(b"no whole record")
    data = b"".join(lines)
    if not fixed and rng.random() < 0.4:
        data = data[: -len(end)] if data.endswith(end) else data
    header = b"k\tn\tt\n" if job.format == "tsv" else b'k,"n",t\r\n'
    mark = b"\xef\xbb\xbf" if job.format in ("csv", "tsv", "json") and rng.random() < 0.1 else b""
    return mark + (header if job.header else b"") + data
