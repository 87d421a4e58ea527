#!/usr/bin/env python3
"""Everything CI wants to know besides the tests. Each check says in one line whether it passed.

    tools/check.py --build build/dev [-j N] [CHECK…]
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time

import repository
import tree_rules

PYTHON = sys.executable


def run(*command):
    return subprocess.run(command, cwd=repository.ROOT).returncode == 0


def check_format(_):
    """The sources are as clang-format leaves them."""
    return run(PYTHON, "tools/format.py", "--check")


def check_generated(_):
    """Generated files are what their specifications say."""
    generators = sorted(str(path) for path in (repository.ROOT / "tools").glob("generate_*.py"))
    return all([run(PYTHON, generator, "--check") for generator in generators])


def check_tree(_):
    """No file holds what does not belong there."""
    found = 0
    for name in repository.files():
        try:
            text = (repository.ROOT / name).read_text()
        except UnicodeDecodeError:
            continue  # data of a test
        for number, reason in tree_rules.breaches(name, text):
            print(f"{name}:{number}: {reason}")
            found += 1
    return found == 0


def check_rooms(_):
    """Every room has its page, and stands in ARCHITECTURE.md."""
    architecture = repository.ROOT / "ARCHITECTURE.md"
    text = architecture.read_text() if architecture.exists() else ""
    complaints = []
    for room in repository.rooms():
        if not (repository.ROOT / "src/iolite" / room / "README.md").exists():
            complaints.append(f"src/iolite/{room} has no README.md")
        if f"`{room}`" not in text:
            complaints.append(f"ARCHITECTURE.md does not mention `{room}`")
    print("\n".join(complaints), end="\n" if complaints else "")
    return not complaints


def check_room_order(_):
    """The guards of the room order refuse what they must."""
    return run(PYTHON, "tests/build/rooms_test.py", "-q")


def check_headers(options):
    """Every header compiles alone."""
    return run("ninja", "-C", str(options.build), "-j", str(options.jobs), "--quiet", "iolite_headers")


def check_tidy(options):
    """clang-tidy's short list finds nothing."""
    return run(PYTHON, "tools/tidy.py", "--build", str(options.build), "--jobs", str(options.jobs))


CHECKS = {
    "format": check_format,
    "generated": check_generated,
    "tree": check_tree,
    "rooms": check_rooms,
    "room_order": check_room_order,
    "headers": check_headers,
    "tidy": check_tidy,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(CHECKS))
    options = parser.parse_args()
    for name in options.checks:
        if name not in CHECKS:
            parser.error(f"there is no check '{name}': {', '.join(CHECKS)}")
    failed = []
    for name in options.checks or CHECKS:
        start = time.monotonic()
        sys.stdout.flush()
        passed = CHECKS[name](options)
        if not passed:
            failed.append(name)
        print(f"{'ok  ' if passed else 'FAIL'} {name:<11} {time.monotonic() - start:6.1f} s  {CHECKS[name].__doc__}",
              flush=True)
    if failed:
        print(f"check failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
