"""SQL over Parquet through the engine against DuckDB alone: the same library, one process, in turns.

    ./dev bench sql [--rounds 21] [--threads 2]
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
import harness  # noqa: E402

ROWS = 3_000_000
SALES = f"""SELECT i AS id, (hash(i) % 100000)::INTEGER AS product, 'category ' || hash(i + 1) % 50 AS category,
    round((hash(i + 2) % 1000000) / 100, 2)::DOUBLE AS price, (hash(i + 3) % 10)::INTEGER AS amount,
    DATE '2020-01-01' + (hash(i + 4) % 1500)::INTEGER AS sold, md5(i::VARCHAR) AS receipt
    FROM range({ROWS}) t(i)"""
PRODUCTS = """SELECT i::INTEGER AS id, 'region ' || hash(i) % 20 AS region, hash(i + 1) % 100 / 2 AS weight
    FROM range(100000) t(i)"""


def prepare():
    database = harness.WORK / "sales-database"
    harness.WORK.mkdir(parents=True, exist_ok=True)
    for name, select in {"sales": SALES, "products": PRODUCTS}.items():
        path = harness.WORK / f"{name}.parquet"
        if not path.exists():
            harness.iolite(harness.WORK / "conversions", "sql", f"COPY ({select}) TO '{path}'")
        if name not in {one["name"] for one in sources(database)}:
            harness.iolite(database, "sources", "add", name, path)
    return database


def sources(database):
    return [json.loads(line) for line in harness.iolite(database, "sources", "list", "--output", "json").splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--threads", type=int, default=min(os.cpu_count(), 2))
    arguments = parser.parse_args()
    database = prepare()
    harness.heading(f"sql: {ROWS:,} rows of Parquet joined with 100,000", "./dev bench sql")
    program = harness.program("benchmarks", "iolite_sql_beside_duckdb")
    done = subprocess.run([program, database, str(arguments.threads), str(arguments.rounds)], stdout=subprocess.PIPE,
                          text=True, check=True)
    figures = json.loads(done.stdout)
    print(f"{arguments.threads} threads, medians of {arguments.rounds} rounds; "
          + "; ".join(f"{one['name']} {one['engine_ms']:.0f} ms, DuckDB alone {one['duckdb_ms']:.0f} ms" for one in figures)
          + "\n")
    report = harness.Report()
    for one in figures:
        report.add(f"{one['name']}: time, times DuckDB alone", one["ratio"], "x", at_most=1.03)
        report.add(f"{one['name']}: processor time, times DuckDB alone", one["processor_ratio"], "x")


if __name__ == "__main__":
    main()
