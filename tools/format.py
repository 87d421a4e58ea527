#!/usr/bin/env python3
"""Formats the C++ sources.

    tools/format.py             all of them
    tools/format.py --changed   those that differ from the trunk
    tools/format.py --check     changes nothing, fails and names what is not formatted
"""

import concurrent.futures
import os
import subprocess
import sys

import repository


def main():
    names = repository.sources()
    if "--changed" in sys.argv[1:]:
        changed = set(repository.changed_files())
        names = [name for name in names if name in changed]
    if not names:
        return 0
    check = "--check" in sys.argv[1:]

    def run(some):
        return subprocess.run([repository.CLANG_FORMAT, *(["--dry-run", "-Werror"] if check else ["-i"]), *some],
                              cwd=repository.ROOT, stderr=subprocess.PIPE, text=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, (names[i:i + 20] for i in range(0, len(names), 20))))
    said = "".join(result.stderr for result in results)
    if any(result.returncode for result in results):
        unformatted = sorted({line.split(":")[0] for line in said.splitlines() if ": error: " in line})
        print("\n".join(f"{name} is not formatted: ./dev fmt" for name in unformatted) or said)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
