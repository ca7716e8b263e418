"""Jobs for reference.py: inputs and options, drawn from a seed.

Options are drawn freely among those that go together; covering() says which pairs of operators and
which corners every run has to see.
"""
import random
from pathlib import Path

from reference_inputs import STORAGES, compress, draw_rows, write_rows

FORMATS = ("lines", "csv", "tsv", "json", "fixed:24")
NUMERIC = ("sum", "min", "max", "mean", "top")
REDUCES = ("count", "distinct", "list", "first", "sort", "none", "cmd", "so") + NUMERIC
MAPS = ("words", "line", "field", "csv", "json", "regex", "cmd", "so")
SPLITS = (64, 65, 100, 128, 256, 1000, 4096, 65536)
TASKS_MAX = {"cmd": 8, "so": 8}
TASKS_NATIVE_MAX = 300
DRAWS_MAX = 1000

MAP_FORMATS = {
    "csv": ("csv", "tsv"),
    "json": ("json",),
    "field": ("lines", "csv", "tsv", "fixed:24"),
}
REGEXES = (
    r"([^ ,\t]+)[ ,\t]+(-?[0-9]+)", r"[a-z]+", r"(\w+)=?(\w*)", r"(a*)", r"(?:[0-9]|([a-e]))",
)
JSON_PATHS = (
    ("k", (b"k",)), ("k,n", (b"k",), (b"n",)), ("t.x[1],k", (b"t", b"x", 1), (b"k",)), (".", ()),
    ('["odd name"],n', (b"odd name",), (b"n",)), ("missing,k", (b"missing",), (b"k",)),
)
COUNT_COMMAND = r"cut -f1 | uniq -c | sed -E 's/^ *([0-9]+) (.*)/\2\t\1/'"
SUM_COMMAND = ("awk -F '\\t' '(($1 \"\") != key || NR == 1) { if (NR > 1) print key \"\\t\" sum; "
               "key = $1 \"\"; sum = 0 } { sum += $2 } END { if (NR) print key \"\\t\" sum }'")
WORDS_COMMAND = "tr ' \\t\\r' '\\n\\n\\n' | sed '/^$/d; s/$/\\t1/'"
PAIR_COMMANDS = {"lines": r"sed -E 's/^([^ ]*) +([^ ]*).*/\1\t\2/'", "tsv": "cut -f1,2"}

MAPPER = """import os, sys
name = os.path.basename(os.environ["mapreduce_map_input_file"])
assert os.environ["mapreduce_task_id"] and os.environ["STEP"] == "words"
sys.stderr.write("reporter:status:reading %s\\n" % name)
for line in sys.stdin.buffer:
    sys.stderr.write("reporter:counter:words,lines,1\\n")
    for word in line.split():
        sys.stdout.buffer.write(name.encode() + b":" + word + b"\\t1\\n")
"""
REDUCER = """import itertools, os, sys
assert os.environ["mapreduce_task_partition"]
pairs = (line.rstrip(b"\\n").split(b"\\t") for line in sys.stdin.buffer)
for key, group in itertools.groupby(pairs, key=lambda pair: pair[0]):
    total = sum(int(value) for _, value in group)
    sys.stdout.buffer.write(b"%s\\t%d\\n" % (key, total))
"""


class Job:
    """One run of the program, and all that the reference has to know of it."""

    def __init__(self, rng):
        self.rng = rng
        self.map = self.reduce = None
        self.map_text = self.reduce_text = self.combine = ""
        self.format, self.header, self.order, self.total_order = "lines", False, "key", False
        self.files = []  # (path, plain bytes, storage), in the order in which they are read
        self.inputs, self.stdin, self.scripts = [], None, {}
        self.output, self.compress, self.reducers, self.workers = "out", "none", 1, 1
        self.split, self.memory, self.pack = None, "64M", None
        self.must_spill = self.hadoop = self.clean = False
        self.bad_rows = self.rows = 0

    def contents(self):
        """(path, bytes) of every file, in the order of the inputs."""
        for named in self.inputs:
            for path, data, _ in self.files:
                if named == "-" and path == "-" or self.names(named, path):
                    yield path, data

    @staticmethod
    def names(named, path):
        if "*" in named:
            return Path(path).parent == Path(named).parent and Path(path).match(named)
        return path == named or path.startswith(named.rstrip("/") + "/")

    def command(self, tutti, skip_bad):
        if self.hadoop:
            return [tutti, "mapreduce"] + self.hadoop_words()
        words = ["--map", self.map_text, "--reduce", self.reduce_text]
        for path in self.inputs:
            words += ["--input", path]
        words += ["--output", self.output, "--workers", str(self.workers), "--memory", self.memory]
        words += ["--reducers", str(self.reducers), "--tmp", "tmp", "--json"]
        for name, value, standard in (
            ("format", self.format, "lines"), ("order", self.order, "key"),
            ("pack", self.pack, None), ("split-size", self.split, None),
            ("compress", self.compress, "none"), ("combine", self.combine, ""),
            ("skip-bad", skip_bad, 0),
        ):
            if value != standard:
                words += ["--" + name, str(value)]
        words += ["--total-order"] * self.total_order
        words += ["--header", "yes"] * (self.header and self.map[0] != "csv")
        return [tutti, "mapreduce", *words, *(["--no-fsync"] if self.rng.random() < 0.9 else [])]

    def hadoop_words(self):
        words = ["-D", "mapreduce.job.name=reference", "-input", ",".join(self.inputs)]
        words += ["-output", self.output, "-mapper", self.map[1], "-file", "mapper.py"]
        words += ["-reducer", self.reduce[1] or "NONE", "-file", "reducer.py"]
        words += ["-combiner", self.combine[4:]] if self.combine else []
        words += ["-cmdenv", "STEP=words"]
        words += ["-numReduceTasks", "0" if self.reduce[0] == "none" else str(self.reducers)]
        return words + ["--json", "--tmp", "tmp", "--workers", str(self.workers)]

    def name(self):
        stored = "+".join(sorted({storage for _, _, storage in self.files})) or "nothing"
        words = [self.map_text or self.map[1], self.reduce_text or "hadoop", self.format, stored]
        words += ["%d rows" % self.rows, "split %s" % self.split, "memory %s" % self.memory]
        words += ["%d workers, %d reducers" % (self.workers, self.reducers)]
        words += [self.order] * (self.order != "key") + ["total"] * self.total_order
        return "; ".join(words)


# --- operators ---------------------------------------------------------------------------------


def choose_map(rng, job, kind, numeric, plugins):
    argument, text = None, kind
    if kind == "field":
        argument = rng.choice([(1, 2)] if numeric else [(1,), (1, 2), (0,), (2, 1), (1, 3), (1, 0)])
        text = "field:" + ",".join(map(str, argument))
    elif kind == "csv":
        argument = rng.choice([(1, 2)] if numeric else [(1,), (1, 2), (3, 1), (2, 0)])
        job.header = rng.random() < 0.7
        if job.header:
            argument = tuple(b"?knt"[c:c + 1] if c else 0 for c in argument)
        named = [c.decode() if isinstance(c, bytes) else str(c) for c in argument]
        job.header = any(isinstance(c, bytes) for c in argument)
        text = "csv:" + ",".join(named)
    elif kind == "json":
        name, *argument = JSON_PATHS[1] if numeric else rng.choice(JSON_PATHS)
        text = "json:" + name
    elif kind == "regex":
        pattern = REGEXES[0] if numeric else rng.choice(REGEXES)
        argument, text = pattern.encode(), "regex:" + pattern
    elif kind == "cmd":
        argument = PAIR_COMMANDS.get(job.format, "cat") if numeric else rng.choice(
            ["cat", PAIR_COMMANDS.get(job.format, "cat"), WORDS_COMMAND])
        text = "cmd:" + argument
    elif kind == "so":
        text = "so:%s/words_plugin.so" % plugins
    job.map, job.map_text = (kind, argument), text


def choose_reduce(rng, job, kind, plugins):
    argument, text = None, kind
    if kind == "top":
        argument = rng.choice((1, 3, 100))
        text = "top:%d" % argument
    elif kind == "cmd":
        argument = rng.choice(("cat", COUNT_COMMAND))
        if job.map_text == "cmd:" + WORDS_COMMAND:
            argument = SUM_COMMAND
            job.combine = "cmd:" + SUM_COMMAND if rng.random() < 0.6 else ""
        text = "cmd:" + argument
    elif kind == "so":
        text = "so:%s/words_plugin.so" % plugins
    job.reduce, job.reduce_text = (kind, argument), text


def formats_for(map_kind, reduce_kind):
    if map_kind == "cmd" and reduce_kind in NUMERIC:
        return ("lines", "tsv")
    if map_kind == "regex" and reduce_kind in NUMERIC:
        return ("lines", "tsv")
    return MAP_FORMATS.get(map_kind, FORMATS)


def sensible(map_kind, reduce_kind):
    """Words and lines have no values to add."""
    return not (map_kind in ("words", "line") and reduce_kind in NUMERIC)


# --- inputs and options ------------------------------------------------------------------------


def share_out(rng, rows, parts):
    cuts = sorted(rng.randrange(len(rows) + 1) for _ in range(parts - 1))
    return [rows[a:b] for a, b in zip([0] + cuts, cuts + [len(rows)])]


def lay_out(rng, job, rows, storage):
    layout = rng.choice(("file", "file", "folder", "glob", "several", "stdin", "nothing"))
    if job.must_spill and layout == "nothing":
        layout = "file"
    stored = lambda: storage or rng.choice(STORAGES + ("plain",) * 5)
    if layout in ("file", "stdin"):
        path = "-" if layout == "stdin" else "in/a"
        job.files = [(path, write_rows(rng, job, rows), stored())]
        job.inputs = [path]
    elif layout == "nothing":
        job.files, job.inputs, job.bad_rows = [], ["in"], 0
    else:
        names = ["in/a.txt", "in/b/c.txt", "in/b/d/e.txt", "in/b.txt", "in/z.txt"]
        names = [n for n in names if layout == "folder" or n.count("/") == 1]
        names.sort(key=lambda name: name.encode().split(b"/"))
        shares = share_out(rng, rows, len(names))
        job.files = [(n, write_rows(rng, job, part), stored()) for n, part in zip(names, shares)]
        job.inputs = {"folder": ["in"], "glob": ["in/*.txt"]}.get(layout) or names[::-1] + names[:1]
    if layout == "stdin":
        job.stdin = compress(job.files[0][1], job.files[0][2])


def choose_sizes(rng, job):
    total = sum(len(data) for _, data, _ in job.files)
    tasks_max = TASKS_MAX.get(job.map[0], TASKS_NATIVE_MAX)
    if rng.random() < 0.75:
        split = rng.choice(SPLITS)
        if total and rng.random() < 0.3:  # the last split is just full, or just not
            split = max(64, total // rng.randrange(1, 4) + rng.randrange(-1, 2))
        job.split = max(split, -(-total // tasks_max))
    if rng.random() < 0.3:
        job.pack = rng.choice(("always", "never"))
    job.workers, job.memory = rng.randrange(1, 5), rng.choice(("1M", "1M", "3M", "64M"))


def choose_output(rng, job):
    if job.reduce[0] == "list":  # its values may be longer than the least memory can order
        job.total_order = rng.random() < 0.3
    elif job.reduce[0] != "none":
        job.order = rng.choice(("key", "key", "value", "value:desc"))
        job.total_order = job.order == "key" and rng.random() < 0.3
    job.compress = rng.choice(("none", "none", "none", "gz", "zst"))
    job.output = rng.choice(("out", "out", "out", "-"))
    tabs = job.reduce[0] == "cmd" and job.map[0] not in ("words", "cmd")  # in keys: cut goes wrong
    one = tabs or job.output == "-" and not job.total_order
    job.reducers = 1 if one else rng.randrange(1, 6)


def draw_kinds(rng, map_kind, reduce_kind, form):
    """Operators that go together, and with the format, where they are not given."""
    for _ in range(DRAWS_MAX):
        drawn = map_kind or rng.choice(MAPS), reduce_kind or rng.choice(REDUCES)
        if sensible(*drawn) and form in (None, *formats_for(*drawn)):
            return drawn
    raise ValueError("nothing goes with %s, %s and %s" % (map_kind, reduce_kind, form))


def draw_job(rng, plugins, map_kind=None, reduce_kind=None, form=None, storage=None, spill=False):
    job = Job(rng)
    job.must_spill = spill
    map_kind, reduce_kind = draw_kinds(rng, map_kind, reduce_kind, form)
    job.format = form or rng.choice(formats_for(map_kind, reduce_kind))
    numeric = reduce_kind in NUMERIC
    job.clean = reduce_kind == "cmd"
    choose_map(rng, job, map_kind, numeric or spill, plugins)
    choose_reduce(rng, job, reduce_kind, plugins)
    if job.format in ("csv", "tsv") and map_kind in ("field", "words", "line", "cmd", "so"):
        job.header = rng.random() < 0.3
    if numeric and map_kind in ("field", "csv", "json") and not job.format.startswith("fixed"):
        job.bad_rows = rng.choice((0, 0, 0, 1, 3))
    job.rows = rng.choice((0, 1, 2, 7, 40, 150, 500)) if not spill else rng.randrange(18000, 24000)
    rows = draw_rows(rng, job, job.rows, rng.choice((3, 50, 5000)) if not spill else 1 << 31)
    lay_out(rng, job, rows, storage)
    choose_sizes(rng, job)
    choose_output(rng, job)
    if spill:
        job.memory, job.split = "1M", rng.choice((None, 16384, 65536))
        job.workers = rng.randrange(2, 5)
    return job


def draw_hadoop(rng, plugins):
    del plugins
    job = Job(rng)
    job.hadoop = job.clean = True
    job.scripts = {"mapper.py": MAPPER, "reducer.py": REDUCER}
    job.map = ("cmd", "python3 mapper.py")
    job.reduce = ("cmd", "python3 reducer.py") if rng.random() < 0.7 else ("none", "")
    job.combine = rng.choice(("", "cmd:python3 reducer.py")) if job.reduce[0] == "cmd" else ""
    job.rows = rng.choice((5, 100))
    names = ["in/a.txt", "in/b.txt"]
    shares = share_out(rng, draw_rows(rng, job, job.rows, 20), len(names))
    job.files = [(n, write_rows(rng, job, s), rng.choice(STORAGES)) for n, s in zip(names, shares)]
    job.inputs = rng.choice((names, ["in"], ["in/*.txt"]))
    job.workers, job.reducers = rng.randrange(1, 3), rng.randrange(1, 4)
    return job


def covering():
    """What every run has to see: arguments of draw_job, or None for a Hadoop command line."""
    for map_kind in MAPS:
        for reduce_kind in REDUCES:
            if sensible(map_kind, reduce_kind):
                yield {"map_kind": map_kind, "reduce_kind": reduce_kind}
    for form in FORMATS:
        for storage in STORAGES:
            yield {"form": form, "storage": storage}
    for reduce_kind in REDUCES:
        if reduce_kind not in ("none", "so"):
            yield {"map_kind": "field", "reduce_kind": reduce_kind, "form": "lines", "spill": True}
    yield from [None] * 6


def draw(seed, index, plugins):
    """The job of that number: the covering set first, then whatever chance brings."""
    rng = random.Random("%s/%d" % (seed, index))
    fixed = list(covering())
    if index < len(fixed) and fixed[index] is not None:
        return draw_job(rng, plugins, **fixed[index])
    kind = rng.random() if index >= len(fixed) else 0
    if kind < 0.01:
        return draw_hadoop(rng, plugins)
    if kind < 0.03:
        reduce_kind = rng.choice(NUMERIC + ("count", "sort", "list"))
        return draw_job(rng, plugins, "field", reduce_kind, "lines", spill=True)
    return draw_job(rng, plugins)
