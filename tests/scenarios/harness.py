"""What the command line's scenarios share: running the program, and small data made on the spot."""

import csv
import json
import os
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ.get("IOLITE_SOURCE_DIR", Path(__file__).resolve().parents[2]))
PROGRAM = os.environ.get("IOLITE_PROGRAM", str(SOURCE / "build/dev/src/iolite/cli/iolite"))
DEPS = Path(os.environ.get("IOLITE_DEPS_DIR", SOURCE / ".deps"))
MINILM = f"local:{(DEPS / 'models/all-MiniLM-L6-v2').resolve()}"

ANIMALS = [
    ("penguin", "a bird of the cold south that swims and cannot fly", 1990),
    ("ostrich", "the largest living bird, which runs fast and cannot fly", 2001),
    ("eagle", "a large bird of prey that soars high in the sky", 2005),
    ("salmon", "a fish that returns to its river to lay eggs", 2010),
    ("bat", "a mammal that flies at night and hunts insects", 1985),
    ("whale", "a huge mammal that lives in the sea", 2015),
    ("bee", "an insect that makes honey", 2020),
    ("pirate", "a person who steals at sea", 1700),
]


class Scenario(unittest.TestCase):
    """A database folder of its own, and a way to run the program in it."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="iolite-scenario-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    @property
    def database(self):
        return self.folder / "db"

    def run_program(self, *arguments, environment=None, timeout=280):
        return subprocess.run(
            [PROGRAM, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
            timeout=timeout, stdin=subprocess.DEVNULL,
            env={**os.environ, "IOLITE_DB": str(self.database), **(environment or {})})

    def ok(self, *arguments, **options):
        """Runs, expects exit code 0, returns stdout."""
        done = self.run_program(*arguments, **options)
        self.assertEqual(done.returncode, 0, f"{arguments}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        return done.stdout

    def json(self, *arguments, **options):
        """Runs with --output json and returns the single object."""
        return json.loads(self.ok(*arguments, "--output", "json", **options))

    def json_lines(self, *arguments, **options):
        lines = self.ok(*arguments, "--output", "json", **options).splitlines()
        return [json.loads(line) for line in lines]

    def fails(self, *arguments, code=1, says=(), **options):
        """Runs, expects that exit code, one message with all those words, and nothing on stdout."""
        done = self.run_program(*arguments, **options)
        context = f"{arguments}\nstdout: {done.stdout}\nstderr: {done.stderr}"
        self.assertEqual(done.returncode, code, context)
        for words in [says] if isinstance(says, str) else says:
            self.assertIn(words, done.stderr, context)
        self.assertEqual(done.stdout, "", context)
        self.assertNotIn("internal error", done.stderr, context)
        return done.stderr

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
        return path

    def write_csv(self, name, header, rows):
        path = self.folder / name
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
        return path

    def add_animals(self):
        path = self.write_csv("animals.csv", ["id", "text", "year"], ANIMALS)
        self.ok("sources", "add", "animals", path)
        return path

    def embed_animals(self):
        path = self.add_animals()
        self.result = self.json("embed", "animals", "--model", MINILM, "--columns", "text", "--key", "id")
        return path

    def write_fvecs(self, name, rows):
        data = b"".join(struct.pack(f"<i{len(row)}f", len(row), *row) for row in rows)
        return self.write(name, data)

    def write_npy(self, name, rows):
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), len(rows[0]))
        header = header.ljust(117) + "\n"
        data = b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
        return self.write(name, b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)
