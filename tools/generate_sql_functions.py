#!/usr/bin/env python3
"""Writes docs/reference/sql_functions.md from spec/sql_functions.json; --check compares instead."""

import json
import pathlib
import sys

from generated_files import write_or_check

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTICE = "Generated from spec/sql_functions.json by tools/generate_sql_functions.py; edit the specification."


def section(function):
    names = ", ".join(argument["name"] for argument in function["arguments"])
    lines = [f"## {function['name']}({names})", "", function["meaning"], "",
             "| argument | type | default |", "|---|---|---|"]
    lines += [f"| {a['name']} | `{a['type']}` | {a.get('default', '')} |".replace("|  |", "| |")
              for a in function["arguments"]]
    lines += [f"| `{a['name']} :=` | `{a['type']}` | {a['default']} |" for a in function["named"]]
    lines += ["", f"Gives: {function['gives']}.", "", "```sql", function["example"], "```", ""]
    return lines


def page(functions):
    lines = [f"<!-- {NOTICE} -->", "# SQL functions", "",
             "What Iolite adds to DuckDB's SQL. A scalar function stands where a value does, a table function in",
             "FROM, where it joins with everything else.", ""]
    for function in functions:
        lines += section(function)
    return "\n".join(lines)


def main():
    functions = json.loads((ROOT / "spec/sql_functions.json").read_text())["functions"]
    return write_or_check({ROOT / "docs/reference/sql_functions.md": page(functions)})


if __name__ == "__main__":
    sys.exit(main())
