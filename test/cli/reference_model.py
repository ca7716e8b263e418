"""The plainest implementation of `tutti mapreduce`: dictionaries and sorted(), nothing clever.

It is what the program is compared with. Everything is bytes; a file is read whole. What a command
does is left to the command, run once over everything. See docs/mapreduce.md for what is meant.
"""
import json.decoder
import os
import re
import subprocess
from decimal import Context, Decimal, ROUND_DOWN, ROUND_HALF_EVEN

NUMBER = re.compile(rb"[ \t\r\n]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[ \t\r\n]*")
JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
JSON_SPACE = re.compile(r"[ \t\r\n]*")
JSON_ESCAPE = re.compile(rb"\\u([dD][89abAB]..)\\u([dD][c-fC-F]..)|\\u(....)|\\(.)", re.S)
JSON_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}

BAD, SKIP = "bad", "skip"  # what a record gives instead of pairs
EXACT = Context(prec=200)
FEEDS_LINES = ("lines", "csv", "tsv", "json")


class Result:
    """What a job should give: `items` are (key, line), in the order of one sorted output."""

    def __init__(self):
        self.items, self.pairs = [], []
        self.records_in = self.bad = self.keys = 0


# --- numbers -----------------------------------------------------------------------------------


def number(text):
    found = NUMBER.fullmatch(text)
    return Decimal(found.group(1).decode()) if found else None


def number_text(value, digits_max=38):
    """The shortest text; with an exponent only outside of 10^-9 … 10^30."""
    value = Context(prec=digits_max, rounding=ROUND_DOWN).plus(value)
    if value == 0:
        return b"0"
    sign, digits, exponent = value.normalize(EXACT).as_tuple()
    text = "".join(map(str, digits))
    point = exponent + len(text)
    if -8 <= point <= 30:
        whole = text[: max(point, 0)].ljust(point, "0") or "0"
        rest = "0" * max(-point, 0) + text[max(point, 0) :]
        text = whole + ("." + rest if rest else "")
    else:
        text = text[0] + ("." + text[1:] if len(text) > 1 else "") + "e%+d" % (point - 1)
    return ("-" * sign + text).encode()


def value_order(value):
    found = number(value)
    return (0, found, b"") if found is not None else (1, Decimal(0), value)


# --- records -----------------------------------------------------------------------------------


def chomp(line):
    line = line[:-1] if line.endswith(b"\n") else line
    return line[:-1] if line.endswith(b"\r") else line


def csv_lines(data):
    """Records with their line ends; an LF inside of quotes ends none."""
    start, place = 0, "start"
    for at in range(len(data)):
        byte = data[at : at + 1]
        if place == "quoted":
            place = "closing" if byte == b'"' else "quoted"
        elif byte == b'"' and place in ("start", "closing"):
            place = "quoted"
        elif byte == b",":
            place = "start"
        elif byte == b"\n":
            yield data[start : at + 1]
            start, place = at + 1, "start"
        else:
            place = "plain"
    if start < len(data):
        yield data[start:]


def raw_records(data, form):
    """Records with their line ends, those that are passed over too."""
    if form.startswith("fixed:"):
        size = int(form[6:])
        return [data[at : at + size] for at in range(0, len(data), size)]
    if form == "csv" and b'"' in data:
        return list(csv_lines(data))
    return [line for line in re.findall(rb"[^\n]*\n|[^\n]+", data)]


def is_record(record, form):
    if form == "csv":
        return len(record) > 0
    return form != "json" or record.strip(b" \t\r") != b""


def read_file(data, job):
    """Its records with their line ends, without the header, and the header."""
    if job.format in ("csv", "tsv", "json") and data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    records = raw_records(data, job.format)
    if not job.header:
        return records, b""
    while records and not is_record(chomp(records[0]), job.format):
        records.pop(0)
    return records[1:], chomp(records[0]) if records else b""


# --- map ---------------------------------------------------------------------------------------


def csv_columns(record):
    """The columns of a csv record; BAD behind one that does not end with its quote."""
    columns, at = [], 0
    while True:
        if record[at : at + 1] == b'"':
            found = re.compile(rb'"((?:[^"]|"")*)"(?=,|\Z)', re.S).match(record, at)
            if not found:
                return columns + [BAD]
            columns.append(found.group(1).replace(b'""', b'"'))
            at = found.end()
        else:
            stop = record.find(b",", at)
            stop = len(record) if stop < 0 else stop
            columns.append(record[at:stop])
            at = stop
        if at == len(record):
            return columns
        at += 1


def split_columns(record, form):
    if form == "csv":
        return csv_columns(record)
    return record.split(b"\t") if form == "tsv" else re.findall(rb"[^ \t]+", record)


def map_columns(record, form, numbers):
    if record == b"":
        return SKIP
    columns = split_columns(record, form)
    if BAD in columns[: max(numbers)]:
        return BAD
    cell = [record] + columns
    if numbers[0] >= len(cell):
        return SKIP if not columns else BAD
    value = cell[numbers[1]] if len(numbers) > 1 and numbers[1] < len(cell) else b""
    return [(cell[numbers[0]], value)]


def json_value(text, at, raw):
    """The value at `at` as a tree of (start, end, members), and where it ends."""
    at = JSON_SPACE.match(text, at).end()
    start, members = at, {}
    opened = text[at : at + 1]
    if opened == '"':
        _, end = json.decoder.scanstring(text, at + 1, True)
    elif opened in ("{", "["):
        end = json_members(text, at, raw, members)
    elif text.startswith(("true", "null"), at):
        end = at + 4
    elif text.startswith("false", at):
        end = at + 5
    else:
        found = JSON_NUMBER.match(text, at)
        if not found:
            raise ValueError("no value")
        end = found.end()
    return (raw[start:end], members), JSON_SPACE.match(text, end).end()


def json_members(text, at, raw, members):
    closing = "}" if text[at] == "{" else "]"
    at = JSON_SPACE.match(text, at + 1).end()
    if text[at : at + 1] == closing:
        return at + 1
    while True:
        name = len(members)
        if closing == "}":
            at = JSON_SPACE.match(text, at).end()
            if text[at : at + 1] != '"':
                raise ValueError("no name")
            (name, _), at = json_value(text, at, raw)
            name = json_string(name)
            if text[at : at + 1] != ":":
                raise ValueError("no colon")
            at += 1
        members[name], at = json_value(text, at, raw)
        if text[at : at + 1] == closing:
            return at + 1
        if text[at : at + 1] != ",":
            raise ValueError("no comma")
        at += 1


def json_string(raw):
    def unescape(found):
        high, low, unit, letter = found.groups()
        if letter is not None:
            return JSON_LETTERS.get(letter, letter)
        if high is not None:
            return bytes.fromhex((high + low).decode()).decode("utf-16-be").encode()
        code = int(unit, 16)
        return ("\ufffd" if 0xD800 <= code <= 0xDFFF else chr(code)).encode()

    return JSON_ESCAPE.sub(unescape, raw[1:-1])


def map_json(record, paths):
    text = record.decode("latin-1")
    try:
        tree, end = json_value(text, 0, record)
        if end != len(text):
            raise ValueError("bytes behind its end")
    except ValueError:
        return BAD
    found = []
    for path in paths:
        node = tree
        for step in path:
            node = node[1].get(step) if node else None
        found.append(node and (json_string(node[0]) if node[0][:1] == b'"' else node[0]))
    if found[0] is None:
        return SKIP
    return [(found[0], (found[1] if len(found) > 1 else None) or b"")]


def map_regex(record, pattern):
    pairs = []
    for match in re.finditer(pattern, record):
        groups = match.groups()
        key = groups[0] if groups else match.group() or None
        if key is not None:
            pairs.append((key, (groups[1] if len(groups) > 1 else None) or b""))
    return pairs


def map_record(job, record, header):
    kind, argument = job.map
    if kind == "words":
        return [(word, b"") for word in record.split()]
    if kind == "line":
        return [(record, b"")]
    if kind == "field":
        return map_columns(record, job.format, argument)
    if kind == "csv":
        names = split_columns(header, job.format)
        return map_columns(record, job.format,
                           [names.index(c) + 1 if isinstance(c, bytes) else c for c in argument])
    if kind == "json":
        return map_json(record, argument)
    if kind == "regex":
        return map_regex(record, argument)
    return [(word, b"1") for word in record.split(b" ") if word]  # so:words_plugin.so


def split_pair(line):
    key, _, value = line.partition(b"\t")
    return key, value


def shell(job, command, data, path=""):
    env = dict(os.environ, mapreduce_map_input_file=path, mapreduce_task_id="0", STEP="words",
               mapreduce_task_partition="0")
    return subprocess.run(["sh", "-c", command], input=data, stdout=subprocess.PIPE, check=True,
                          stderr=subprocess.DEVNULL, env=env, cwd=job.folder).stdout


def lines_of(data):
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


def map_command(job, path, records, result):
    """All records of a file through the command."""
    data = b"".join(records)
    if data and job.format in FEEDS_LINES and not data.endswith(b"\n"):
        data += b"\n"
    out = lines_of(shell(job, job.map[1], data, path)) if data else []
    result.records_in += sum(is_record(chomp(record), job.format) for record in records)
    if job.reduce[0] == "none":
        result.items += [(split_pair(line)[0], line) for line in out]
    return [split_pair(line[:-1] if line.endswith(b"\n") else line) for line in out]


def needs_number(job):
    return job.reduce[0] in ("sum", "min", "max", "mean", "top")


def take_pairs(job, found, result):
    for key, value in found:
        if needs_number(job) and number(value) is None:
            result.bad += 1
        else:
            result.pairs.append((key, value))


def map_file(job, path, data, result):
    records, header = read_file(data, job)
    if job.format.startswith("fixed:") and records and len(records[-1]) < int(job.format[6:]):
        records.pop()
        result.bad += 1
    if job.map[0] == "cmd":
        take_pairs(job, map_command(job, path, records, result), result)
        return
    for record in records:
        record = record if job.format.startswith("fixed:") else chomp(record)
        if not is_record(record, job.format):
            continue
        result.records_in += 1
        found = map_record(job, record, header)
        if found == BAD:
            result.bad += 1
        elif found != SKIP:
            take_pairs(job, found, result)


# --- reduce ------------------------------------------------------------------------------------


def reduce_values(job, key, values):
    """The values that come out for one key: built-in operators."""
    kind, argument = job.reduce
    if kind == "count":
        return [number_text(Decimal(len(values)))]
    if kind == "distinct":
        return [number_text(Decimal(len(set(values))))]
    if kind == "list":
        return [b",".join(values)]
    if kind == "first":
        return values[:1]
    if kind == "sort":
        return values
    if kind == "so":
        told = b"%d/%d" % (len(values), sum(map(len, values)))
        return [] if key.startswith(b"-") else [told]  # as words_plugin.c has it
    numbers = [number(value) for value in values]
    if kind in ("min", "max"):
        return [number_text(min(numbers) if kind == "min" else max(numbers))]
    if kind == "top":
        return [b",".join(number_text(n) for n in sorted(numbers, reverse=True)[:argument])]
    total = exact_sum(numbers)
    if kind == "sum":
        return [number_text(total)]
    mean = Context(prec=15, rounding=ROUND_HALF_EVEN).divide(total, Decimal(len(numbers)))
    return [number_text(mean)]


def exact_sum(numbers):
    total = Decimal(0)
    for value in numbers:
        total = EXACT.add(total, value)
    return total


def output_line(key, value):
    return key + (b"\t" + value if value else b"") + b"\n"


def reduce_command(job, groups):
    """(key, line) from a command that is handed everything, sorted."""
    pairs = [(key, b"%s\t%s\n" % (key, value)) for key in sorted(groups) for value in groups[key]]
    if job.reduce[1] == "cat":
        return pairs
    out = shell(job, job.reduce[1], b"".join(line for _, line in pairs)) if pairs else b""
    return [(split_pair(line[:-1])[0], line) for line in lines_of(out)]


def reduce_all(job, result):
    groups = {}
    for key, value in result.pairs:
        groups.setdefault(key, []).append(value)
    result.keys = len(groups)
    if job.reduce[0] == "cmd":
        items = reduce_command(job, groups)
        if job.order == "key":
            return items
        pairs = [split_pair(line[:-1]) for line in lines_of(b"".join(line for _, line in items))]
    else:
        pairs = [(key, value) for key in sorted(groups)
                 for value in reduce_values(job, key, groups[key])]
    if job.order != "key":
        pairs.sort(key=lambda pair: pair[0])
        pairs.sort(key=lambda pair: value_order(pair[1]), reverse=job.order == "value:desc")
    return [(key, output_line(key, value)) for key, value in pairs]


def run(job):
    result = Result()
    for path, data in job.contents():
        map_file(job, path, data, result)
    if job.reduce[0] != "none":
        result.items = reduce_all(job, result)
    elif job.map[0] != "cmd":
        result.items = [(key, output_line(key, value)) for key, value in result.pairs]
    return result
