#!/usr/bin/env python3
"""Prints the largest files and functions, and how they moved since a commit: for curiosity, not a rule.

    tools/shape.py [COMMIT]    compared with the trunk's last common commit when none is named
"""

import re
import signal
import subprocess
import sys

import repository

NOT_A_FUNCTION = re.compile(r"^\s*(namespace|class|struct|enum|union|extern|if|for|while|switch|else|do|case|return)\b|=\s*\{$")


def functions(text):
    """(line count, name) of each function, by the indentation that clang-format gives."""
    found = []
    start = None
    for number, line in enumerate(text.splitlines()):
        if start is None:
            opening = re.match(r"^( {0,2})\S.*\{$", line)
            if opening and "(" in line and not NOT_A_FUNCTION.search(line):
                start = (number, opening.group(1), line.strip().rstrip("{ "))
        elif re.match(rf"^{start[1]}\}}", line):
            found.append((number - start[0] + 1, start[2]))
            start = None
    return found


def before(commit, name):
    """The file's line count at `commit`, or None when it was not there."""
    result = subprocess.run(["git", "show", f"{commit}:{name}"], cwd=repository.ROOT,
                            capture_output=True, text=True)
    return len(result.stdout.splitlines()) if result.returncode == 0 else None


def main():
    commit = sys.argv[1] if len(sys.argv) > 1 else repository.merge_base()
    texts = {name: (repository.ROOT / name).read_text() for name in repository.sources()}
    counts = sorted(((len(text.splitlines()), name) for name, text in texts.items()), reverse=True)
    print(f"{len(counts)} files, {sum(count for count, _ in counts)} lines; the largest:")
    for count, name in counts[:15]:
        was = before(commit, name)
        moved = "new" if was is None else f"{count - was:+d}" if count != was else ""
        print(f"{count:6} {moved:>6}  {name}")
    longest = sorted(((count, title, name) for name, text in texts.items()
                      for count, title in functions(text)), reverse=True)
    print("\nThe longest functions:")
    for count, title, name in longest[:15]:
        print(f"{count:6}         {name}: {title[:80]}")


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `./dev shape | head` ends quietly
    main()
