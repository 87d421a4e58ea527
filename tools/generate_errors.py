#!/usr/bin/env python3
"""Writes docs/reference/errors.md from spec/errors.json; --check compares instead."""

import json
import pathlib
import sys

from generated_files import write_or_check

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTICE = "Generated from spec/errors.json by tools/generate_errors.py; edit the specification."


def page(errors):
    lines = [
        f"<!-- {NOTICE} -->", "# Errors", "",
        "Every failure is a code, which tells a program what to do next, and a message, which tells a",
        "person what happened, with values. Each door says the same code in its own words.", "",
        "*Whose* says where to look: at the request (caller), at the machine or other work on it",
        "(environment), or at Iolite (ours: please report it). The command line leaves with 2 when its own",
        "parser refuses the arguments, and otherwise as the table says.", "",
        "| C++ | name | gRPC | HTTP | exit | whose | meaning |", "|---|---|---|---|---|---|---|",
    ]
    for error in errors:
        lines.append(f"| `{error['code']}` | `{error['name']}` | {error['grpc']} | {error['http']} | "
                     f"{error['exit']} | {error['blame']} | {error['meaning']} |")
    lines.append("")
    return "\n".join(lines)


def main():
    errors = json.loads((ROOT / "spec/errors.json").read_text())["errors"]
    return write_or_check({ROOT / "docs/reference/errors.md": page(errors)})


if __name__ == "__main__":
    sys.exit(main())
