#!/usr/bin/env python3
"""Turns ctest's JUnit report into one line: `N passed, N failed`, and `, N skipped` when some were.

The line is also left beside the report, in `tests-summary`, for a caller that has more to say first.
"""

import pathlib
import sys
import xml.etree.ElementTree


def outcome(case):
    """passed, failed or skipped."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        message = case.find("skipped").get("message", "") if case.find("skipped") is not None else ""
        # A test program that was not built, or could not start, did not choose to be skipped.
        return "failed" if "Unable to find" in message or "Not Run" in message else "skipped"
    return "passed"


def summarize(report):
    cases = xml.etree.ElementTree.parse(report).getroot().iter("testcase")
    names = {"passed": [], "failed": [], "skipped": []}
    for case in cases:
        names[outcome(case)].append(case.get("name"))
    return names


def main():
    report = pathlib.Path(sys.argv[1])
    if not report.exists():
        names = {"passed": [], "failed": ["no test ran"], "skipped": []}
    else:
        names = summarize(report)
    for kind in ("skipped", "failed"):
        for name in names[kind]:
            print(f"{kind}: {name}", file=sys.stderr)
    line = f"{len(names['passed'])} passed, {len(names['failed'])} failed"
    if names["skipped"]:
        line += f", {len(names['skipped'])} skipped"
    report.with_name("tests-summary").write_text(line + "\n")
    print(line, flush=True)
    return 1 if names["failed"] or not names["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
