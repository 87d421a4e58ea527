"""What the benchmarks share: data, the program, peers, and one way to print figures as ratios.

Each benchmark runs by `./dev bench NAME`. Peers come from their registry into a virtual environment under
.deps (support/requirements.txt) and are never linked into the product.
"""

import datetime
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
DEPS = Path(os.environ.get("IOLITE_DEPS_DIR", SOURCE / ".deps"))
BUILD = SOURCE / "build/release"
PROGRAM = BUILD / "src/iolite/cli/iolite"
WORK = SOURCE / "build/bench"
MINILM = DEPS / "models/all-MiniLM-L6-v2"
SCIFACT = SOURCE / "../shared/data/scifact/corpus.jsonl"


def use_peers():
    """Runs the calling script again with an interpreter that has the peers, installing them at first."""
    python = DEPS / "bench-python/bin/python"
    if Path(sys.prefix) == python.parents[1]:
        return
    requirements = Path(__file__).with_name("requirements.txt")
    stamp = python.parents[1] / "installed.txt"
    if not stamp.exists() or stamp.read_text() != requirements.read_text():
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
        stamp.write_text(requirements.read_text())
    os.execv(python, [str(python), *sys.argv])


def machine():
    name = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    flags = re.search(r"flags\s*: (.*)", Path("/proc/cpuinfo").read_text()).group(1).split()
    sets = [s for s in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if s in flags]
    return f"{name.group(1) if name else platform.processor()}, {os.cpu_count()} processors, {' '.join(sets)}"


def heading(name, command):
    print(f"# {name}\nmachine: {machine()}\ndate: {datetime.date.today()}\ncommand: {command}\n")


def iolite(database, *arguments, environment=None, wrapper=()):
    """Runs the program and returns stdout; its failure ends the benchmark with its message."""
    done = subprocess.run([*wrapper, PROGRAM, "--db", database, *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        sys.exit(f"iolite {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
    return done.stdout


def iolite_json(database, *arguments, **options):
    return json.loads(iolite(database, *arguments, "--output", "json", **options))


def glosses_csv():
    """WordNet's 117,659 glosses as a CSV."""
    path = WORK / "glosses.csv"
    if not path.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, SOURCE / "demo/wordnet.py", path], check=True)
    return path


def glosses_parquet():
    path = WORK / "glosses.parquet"
    if not path.exists():
        csv = glosses_csv()
        iolite(WORK / "conversions", "sql", f"COPY (SELECT * FROM '{csv}') TO '{path}'")
    return path


def glosses_database():
    """WordNet's glosses, embedded once; later calls only look whether anything changed."""
    database = WORK / "glosses-database"
    if not database.exists():
        iolite(database, "sources", "add", "glosses", glosses_parquet())
    iolite(database, "embed", "glosses", "--model", f"local:{MINILM}", "--columns", "gloss", "--key", "id",
           "--precision", "f32")
    return database


def program(folder, target):
    """A program of the build, built now if it is not."""
    subprocess.run(["ninja", "-C", BUILD, target], check=True, stdout=subprocess.DEVNULL)
    return BUILD / folder / target


def bench_program(room):
    """A room's own benchmark program."""
    return program(f"src/iolite/{room}", f"iolite_{room}_bench")


def vector_program():
    """Our indexes and other people's in one program; CMake knows it once the peers' headers are there."""
    subprocess.run(["cmake", "-S", SOURCE, "-B", BUILD], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD, "iolite_vector_peers"], check=True, stdout=subprocess.DEVNULL)
    return BUILD / "src/iolite/vector/peers/iolite_vector_peers"


def one_thread():
    return {**os.environ, "IOLITE_THREADS__COUNT": "1"}


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


class Report:
    """Lines of `figure | value | goal | reached`."""

    def __init__(self):
        self.missed = 0
        print(f"| {'figure':<58} | {'value':>12} | {'goal':>12} | reached |")
        print(f"|{'-' * 60}|{'-' * 14}|{'-' * 14}|---------|")

    def add(self, figure, value, unit="", at_least=None, at_most=None):
        goal = f">= {at_least:g}{unit}" if at_least is not None else f"<= {at_most:g}{unit}" if at_most is not None else ""
        reached = True
        if at_least is not None:
            reached = value >= at_least
        if at_most is not None:
            reached = value <= at_most
        self.missed += not reached
        word = "" if not goal else "yes" if reached else "NO"
        print(f"| {figure:<58} | {f'{value:.3g}{unit}':>12} | {goal:>12} | {word:<7} |", flush=True)
