"""Finds, and where it can installs or compiles, the programs that take part."""

import os
import shutil
import subprocess

from . import place


class Missing(Exception):
    """A peer or an input cannot be had here; the text says why and what to do."""


def shell(command):
    """Runs a preparing step; its failure is a Missing that quotes what was said."""
    done = subprocess.run(command, shell=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise Missing(f"`{command}` failed: {done.stdout.strip()[-300:]}")


def package(name, present):
    """Installs a Debian package unless `present()` says that it is there."""
    if present():
        return
    sudo = "" if os.geteuid() == 0 else "sudo -n "
    print(f"installing the Debian package {name}", flush=True)
    shell(f"{sudo}env DEBIAN_FRONTEND=noninteractive apt-get install -y "
          f"--no-install-recommends {name}")
    if not present():
        raise Missing(f"the Debian package {name} did not bring what was looked for")


def program(name, debian=None):
    package(debian or name, lambda: shutil.which(name) is not None)


def compiled(name):
    """build/bench/NAME, compiled from bench/NAME.c when that is newer."""
    source, target = place.BENCH / f"{name}.c", place.BUILD / name
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        program("gcc")
        place.BUILD.mkdir(parents=True, exist_ok=True)
        shell(f"gcc -O3 -march=native -std=gnu17 -D_GNU_SOURCE -Wall -Wextra "
              f"-o '{target}' '{source}' -lm")
    return target


def duckdb():
    """The folder that holds node_modules with DuckDB's client."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Missing("node and npm are not installed")
    if not (place.NODE / "node_modules" / "@duckdb" / "node-api").exists():
        print("installing the npm package @duckdb/node-api", flush=True)
        place.NODE.mkdir(parents=True, exist_ok=True)
        shell(f"npm install --no-audit --no-fund --prefix '{place.NODE}' @duckdb/node-api")
    return place.NODE


def tutti():
    if not place.TUTTI.exists():
        raise Missing(f"{place.TUTTI} is not built: run make")
    return place.TUTTI


def tutti_before():
    """tutti as it was before it had replicas: built from an older commit, named by TUTTI_BEFORE."""
    before = os.environ.get("TUTTI_BEFORE", "")
    if not before or not os.access(before, os.X_OK):
        raise Missing("TUTTI_BEFORE does not name a tutti built from an older commit")
    return before


def simulator():
    path = os.environ.get("TUTTI_SIM", place.ROOT / "build" / "tutti-sim")
    if not os.access(path, os.X_OK):
        raise Missing(f"{path} is not built: run make")
    return path
