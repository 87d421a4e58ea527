#!/usr/bin/env python3
"""Prints the rooms that a change touches, and those above them, or `everything`."""

import re

import repository

# A change to one of these may change any room.
EVERYWHERE = re.compile(r"CMakeLists\.txt$|CMakePresets\.json$|cmake/|include/|src/iolite/CMakeLists\.txt$")


def main():
    changed = repository.changed_files()
    if any(EVERYWHERE.match(name) for name in changed):
        print("everything")
        return
    matches = [re.match(r"src/iolite/(\w+)/", name) for name in changed]
    touched = {match.group(1) for match in matches if match}
    folders = [re.match(r"tests/(\w+)/", name) for name in changed]
    touched_tests = {match.group(1) for match in folders
                     if match and (repository.ROOT / "tests" / match.group(1) / "CMakeLists.txt").exists()}
    print(" ".join(repository.with_rooms_above(touched) + sorted(touched_tests)))


if __name__ == "__main__":
    main()
