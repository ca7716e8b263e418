"""Makes the inputs once, under the data folder; a later run finds them there.

source  the first bytes of linux-source-6.1's tar, taken as text (tar headers and all)
source_text  the same, made clean for peers that cannot take any byte
logs    generated: web-server-like lines, few distinct words (bench/generate.c)
sort    generated: lines of 100 bytes with random keys (bench/generate.c)
small   the beginning of logs
"""

import lzma
import pathlib
import subprocess

from . import place, tools

FULL_BYTES = 1_000_000_000
QUICK_BYTES = 64_000_000
SMALL_BYTES = 1024
CHUNK_BYTES = 1 << 20
SOURCE_TAR = pathlib.Path("/usr/src/linux-source-6.1.tar.xz")


class Inputs:
    """The inputs of one size, each made when first asked for."""

    def __init__(self, quick):
        self.limit_bytes = QUICK_BYTES if quick else FULL_BYTES
        self.folder = place.DATA / "quick" if quick else place.DATA
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, name):
        path = self.folder / f"{name}.txt"
        if not path.exists():
            print(f"making {path}", flush=True)
            aside = path.with_suffix(".making")
            MAKERS[name](self, aside)
            aside.rename(path)
        return path

    def reference(self, name):
        """The word count of an input by the hand-written program."""
        text = self.path(name)
        path = self.folder / f"{name}.counted"
        if not path.exists():
            aside = path.with_suffix(".making")
            tools.shell(f"'{tools.compiled('wordcount_baseline')}' '{text}' '{aside}'")
            aside.rename(path)
        return path

    def sorted(self, name):
        """An input's lines in byte order, by GNU sort."""
        text = self.path(name)
        path = self.folder / f"{name}.sorted"
        if not path.exists():
            aside = path.with_suffix(".making")
            tools.shell(f"LC_ALL=C sort -S 1G -T '{self.folder}' -o '{aside}' '{text}'")
            aside.rename(path)
        return path

    def _source(self, path):
        tools.package("linux-source-6.1", SOURCE_TAR.exists)
        left_bytes, tail = self.limit_bytes, b""
        with lzma.open(SOURCE_TAR) as tar, open(path, "wb") as out:
            while left_bytes > 0:
                chunk = tar.read(min(CHUNK_BYTES, left_bytes))
                if not chunk:
                    break
                left_bytes -= len(chunk)
                cut = chunk.rfind(b"\n") + 1
                out.write(tail + chunk[:cut])
                tail = chunk[cut:]

    def _source_text(self, path):
        """For peers that are particular: DuckDB takes only UTF-8, needs a byte that never occurs
        and no mixed line ends; mawk by default splits at blanks only. The length stays."""
        kept = bytes.maketrans(b"\x01\r\v\f", b"?   ")
        with open(self.path("source"), "rb") as text, open(path, "wb") as out:
            while lines := text.readlines(CHUNK_BYTES):
                out.write(utf8_only(b"".join(lines)).translate(kept))

    def _generated(self, name, path):
        with open(path, "wb") as out:
            subprocess.run([tools.compiled("generate"), name, str(self.limit_bytes)],
                           stdout=out, check=True)

    def _logs(self, path):
        self._generated("logs", path)

    def _sort(self, path):
        self._generated("sort", path)

    def _small(self, path):
        with open(self.path("logs"), "rb") as text:
            start = text.read(SMALL_BYTES)
        path.write_bytes(start[:start.rfind(b"\n") + 1])


def utf8_only(text):
    """Each byte that is not part of valid UTF-8 becomes a question mark: the length stays."""
    kept = text.decode("utf-8", "surrogateescape")
    return kept.encode("utf-8", "surrogateescape") if kept.isascii() else \
        "".join("?" if "\udc80" <= c <= "\udcff" else c for c in kept).encode("utf-8")


MAKERS = {
    "source": Inputs._source,
    "source_text": Inputs._source_text,
    "logs": Inputs._logs,
    "sort": Inputs._sort,
    "small": Inputs._small,
}
