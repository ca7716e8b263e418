"""A network of this process's own, where nodes can be cut off: needs root and nft."""

import ctypes
import multiprocessing
import os
import shutil
import subprocess

from . import tools

CLONE_NEWNET = 0x40000000


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode != 0:
        raise tools.Missing(f"{' '.join(words)}: {done.stderr.strip()[-200:]}")


def enter():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise tools.Missing(f"no network name space: {os.strerror(ctypes.get_errno())}")
    run("ip", "link", "set", "lo", "up")
    run("nft", "add table inet fault")
    run("nft", "add chain inet fault out { type filter hook output priority 0 ; }")


def cut(here, others):
    """Nothing goes from `here` to `others` or back; connections stay, and wait."""
    for other in others:
        for sender, receiver in ((here, other), (other, here)):
            run("nft", f"add rule inet fault out ip saddr {sender} ip daddr {receiver} drop")


def heal():
    run("nft", "flush chain inet fault out")


def _child(pipe, function, arguments):
    try:
        enter()
        pipe.send((function(*arguments), None))
    except tools.Missing as missing:
        pipe.send((None, str(missing)))


def inside(function, *arguments):
    """What the function returns when it runs in a child with a network of its own."""
    if os.geteuid() != 0:
        raise tools.Missing("a network of its own needs root")
    for program, package in (("nft", "nftables"), ("ip", "iproute2")):
        tools.package(package, lambda name=program: shutil.which(name) is not None)
    context = multiprocessing.get_context("fork")
    mine, other = context.Pipe()
    child = context.Process(target=_child, args=(other, function, arguments))
    child.start()
    other.close()
    try:
        value, trouble = mine.recv()
    except EOFError as ended:
        raise tools.Missing("what ran in the network of its own died") from ended
    finally:
        child.join()
    if trouble is not None:
        raise tools.Missing(trouble)
    return value
