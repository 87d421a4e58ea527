"""Opening a database with 100 result tables.

    ./dev bench open
"""

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
import harness  # noqa: E402

TABLES = 100


def prepare():
    database = harness.WORK / "many-tables"
    if database.exists() and len(harness.iolite(database, "tables", "list", "--output", "json").splitlines()) == TABLES:
        return database
    harness.WORK.mkdir(parents=True, exist_ok=True)
    vectors = harness.WORK / "vectors.parquet"
    harness.iolite(database, "sql", f"COPY (SELECT i AS id, [sin(i), cos(i), i / 1000]::FLOAT[3] AS vector FROM range(1000) t(i)) TO '{vectors}'")
    for i in range(TABLES):
        harness.iolite(database, "import", f"table{i}", "--vectors", vectors, "--key", "id")
    return database


def main():
    database = prepare()
    harness.heading(f"open: a database with {TABLES} result tables", "./dev bench open")
    done = subprocess.run([harness.bench_program("engine"), "open", database], stdout=subprocess.PIPE, text=True, check=True)
    report = harness.Report()
    report.add("p50 of opening", json.loads(done.stdout)["open_ms"], " ms", at_most=50)


if __name__ == "__main__":
    main()
