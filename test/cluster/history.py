"""What clients did and saw, as the text of src/sim/history.h; `tutti-sim check` judges it."""

import itertools
import threading
import time
import urllib.parse


def word(value):
    """A key or a value as a word of the text."""
    if value is None:
        return "-"
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    value = str(value)
    if value == "":
        return '""'
    return "%2D" if value == "-" else urllib.parse.quote(value, safe=":", encoding="latin-1")


CHANGES = ("write", "cas", "append", "push", "add")


class History:
    """Operations of many threads; each line is whole when it is added."""

    def __init__(self):
        self.lines, self.lock = [], threading.Lock()
        self.clients, self.values = itertools.count(1), itertools.count(1)
        self.counts = {"ok": 0, "fail": 0, "unknown": 0}

    def client_new(self):
        with self.lock:
            return next(self.clients)

    def value_new(self):
        with self.lock:
            return f"v{next(self.values)}"

    def add(self, began_ns, outcome, client, kind, key, arguments, results=None):
        """`results`: None where the kind has none. The operation ends now."""
        ended = "-" if outcome == "unknown" else str(time.monotonic_ns())
        words = [str(began_ns), ended, outcome, str(client), kind, word(key)]
        words += [word(argument) for argument in arguments]
        if outcome == "ok" and results is not None:
            words += ["->", *(word(result) for result in results)]
        with self.lock:
            self.lines.append(" ".join(words))
            self.counts[outcome] += 1

    def write(self, path, *comments):
        with self.lock:
            text = "".join(f"# {comment}\n" for comment in comments)
            path.write_text(text + "\n".join(self.lines) + "\n")

    def longest_silence(self):
        """(when it began, how long) no change was acknowledged to anybody, in seconds."""
        with self.lock:
            ended = sorted(int(words[1]) / 1e9 for words in map(str.split, self.lines)
                           if words[2] == "ok" and words[4] in CHANGES)
        return max(zip(ended, (b - a for a, b in zip(ended, ended[1:]))),
                   key=lambda pair: pair[1], default=(0, 0))
