"""Searching 117,659 glosses x 384 through the engine against the bare index, one thread.

    ./dev bench search
"""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
import harness  # noqa: E402


def main():
    database = harness.glosses_database()
    harness.heading("search: 117,659 WordNet glosses x 384, k = 10", "./dev bench search")
    done = subprocess.run([harness.bench_program("engine"), "search", database, "glosses"], stdout=subprocess.PIPE,
                          text=True, check=True, env=harness.one_thread())
    figures = json.loads(done.stdout)
    print(f"bare index {figures['bare_ms']:.3f} ms, recall@10 {figures['recall']:.4f}; ids and scores "
          f"{figures['ids_ms']:.3f} ms; with rows {figures['rows_ms']:.3f} ms; open {figures['open_ms']:.1f} ms\n")
    report = harness.Report()
    bare, ids = figures["bare_ms"], figures["ids_ms"]
    report.add("p50 of ids and scores, times the bare index", ids / bare, "x", at_most=1.5)
    report.add("ten source rows fetched as well, more", figures["rows_ms"] - ids, " ms", at_most=3)
    report.add("first search after opening", figures["first_ms"], " ms", at_most=50)
    report.add("first search after opening, with ten rows", figures["first_rows_ms"], " ms", at_most=50)
    for one in figures["filters"]:
        share = f"filter of {one['share']:.2%}"
        report.add(f"{share}: recall@10", one["recall"], at_least=0.97)
        report.add(f"{share}: rows that are missing", one["missing"], at_most=0)
        report.add(f"{share}: p50, times unfiltered", one["warm_ms"] / ids, "x", at_most=3)
        report.add(f"{share}: first use of the condition", one["cold_ms"], " ms")


if __name__ == "__main__":
    main()
