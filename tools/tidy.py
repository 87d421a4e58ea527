#!/usr/bin/env python3
"""Runs clang-tidy's short list over the sources, and remembers what was clean.

    tools/tidy.py --build build/dev [--jobs N] [--all] [--seconds N] [FILE…]

Alone it looks at every source and at the tests that changed; --all adds the other tests. A file is looked at
again when it, a header of ours that it includes, its flags or the list changed. Files not reached within
--seconds are named: they are looked at first the next time.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

import repository


# Written in GCC's vector extensions, which clang's front end does not know.
GCC_ONLY = "src/iolite/vector/kernels/"


class Cache:
    """Digests of what was found clean, as empty files."""

    def __init__(self, build):
        self.folder = build / "tidy-clean"
        self.folder.mkdir(exist_ok=True)

    def knows(self, digest):
        return (self.folder / digest).exists()

    def add(self, digest):
        (self.folder / digest).touch()


def our_headers(build):
    """Object file to the headers of this checkout it was built from, as Ninja remembers them."""
    listed = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True).stdout
    prefix, headers, current = str(repository.ROOT) + "/", {}, None
    for line in listed.splitlines():
        if not line.startswith(" "):
            current = headers.setdefault(line.split(":")[0], []) if ":" in line else None
        elif current is not None:
            path = os.path.realpath(os.path.join(build, line.strip())) if "/rooms/" in line else \
                os.path.normpath(os.path.join(build, line.strip()))
            if path.startswith(prefix) and "/.deps/" not in path:
                current.append(path)
    return headers


def digest_of(entry, headers, contents):
    """What the verdict on one source depends on; None when its headers are not known."""
    if entry.get("output") not in headers:
        return None
    digest = hashlib.sha256((repository.ROOT / ".clang-tidy").read_bytes())
    digest.update(entry["command"].encode())
    for path in [entry["file"], *sorted(headers[entry["output"]])]:
        if path not in contents:
            contents[path] = hashlib.sha256(pathlib.Path(path).read_bytes()).digest()
        digest.update(contents[path])
    return digest.hexdigest()


def wanted(options):
    """Entries of compile_commands.json to look at, the changed ones first."""
    entries = json.loads((options.build / "compile_commands.json").read_text())
    by_name = {os.path.relpath(entry["file"], repository.ROOT): entry for entry in entries}
    changed = set(repository.changed_files())
    names = []
    for name in repository.sources():
        is_test = name.endswith("_test.cc") or name.startswith("tests/")
        chosen = name in options.files if options.files else options.all or name in changed or not is_test
        if name in by_name and chosen and not name.startswith(GCC_ONLY):
            names.append(name)
    return [(name, by_name[name]) for name in sorted(names, key=lambda name: (name not in changed, name))]


def look(name, build):
    """What clang-tidy says about one file; empty when it is clean."""
    done = subprocess.run(
        [repository.CLANG_TIDY, "-p", build, "--quiet", "--extra-arg=-Wno-everything", name],
        cwd=repository.ROOT, capture_output=True, text=True)
    return done.stdout.strip() or (done.stderr.strip() if done.returncode else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=330)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    options.build = options.build.resolve()
    cache, headers, contents = Cache(options.build), our_headers(options.build), {}
    work = [(name, digest_of(entry, headers, contents)) for name, entry in wanted(options)]
    stale = [(name, digest) for name, digest in work if digest is None or not cache.knows(digest)]
    end = time.monotonic() + options.seconds
    complaints, late = 0, []

    def visit(item):
        return None if time.monotonic() > end else look(item[0], options.build)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (name, digest), said in zip(stale, pool.map(visit, stale)):
            if said is None:
                late.append(name)
            elif said:
                print(said, flush=True)
                complaints += 1
            elif digest:
                cache.add(digest)
    print(f"clang-tidy: {len(work)} files, {len(stale) - len(late)} looked at, {complaints} with complaints")
    if late:
        print(f"clang-tidy: not reached within {options.seconds:.0f} s: {' '.join(late)}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
