"""Writes generated files, or says which of those checked in differ from their specification."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def write_or_check(files):
    """Writes `files` (path to text), or with --check compares; returns the exit code."""
    stale = 0
    for path, text in files.items():
        if path.exists() and path.read_text() == text:
            continue
        name = path.relative_to(ROOT)
        if "--check" in sys.argv[1:]:
            print(f"{name} is not what its specification says: run {pathlib.Path(sys.argv[0]).name}",
                  file=sys.stderr)
            stale += 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {name}")
    return 1 if stale else 0
