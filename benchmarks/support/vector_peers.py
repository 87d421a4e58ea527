"""Installs the peers of the vector benchmark: wheels into an interpreter of their own, hnswlib as C++ headers."""

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import harness

HOME = harness.DEPS / "vector-peers"
PYTHON = HOME / "bin/python"
HEADERS = HOME / "src"
WHEELS = Path(__file__).with_name("vector_requirements.txt")
SOURCES = Path(__file__).with_name("vector_sources.txt")


def install():
    subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
    pip = [PYTHON, "-m", "pip"]
    subprocess.run([*pip, "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:", "-r", WHEELS],
                   check=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*pip, "download", "--quiet", "--require-hashes", "--no-deps", "--no-build-isolation",
                        "--no-binary=:all:", "--dest", folder, "-r", SOURCES], check=True)
        for archive in Path(folder).glob("*.tar.gz"):
            unpack_headers(archive)


def unpack_headers(archive):
    """The package's folder of headers, `hnswlib-0.8.0/hnswlib/*.h`, as HEADERS/hnswlib."""
    with tarfile.open(archive) as package:
        for member in package.getmembers():
            parts = Path(member.name).parts
            if len(parts) == 3 and member.isfile() and parts[2].endswith(".h"):
                target = HEADERS / parts[1] / parts[2]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(package.extractfile(member).read())


def use():
    """Runs the calling script again with the interpreter that has the peers, installing them at first."""
    if Path(sys.prefix) == HOME:
        return
    wanted = WHEELS.read_text() + SOURCES.read_text()
    stamp = HOME / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        install()
        stamp.write_text(wanted)
    os.execv(PYTHON, [str(PYTHON), *sys.argv])
