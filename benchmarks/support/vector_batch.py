"""A batch of queries through the program, `iolite search --queries`, beside bare calls to the same index file."""

import resource
import shutil

import harness
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

BATCH, SMALL_BATCH = 20_000, 10_000


def database(data, keep):
    """The rows of a set, imported into a database of their own."""
    folder = data.folder / "database"
    if folder.exists() and keep:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    vectors = data.folder / "rows.npy"
    np.save(vectors, data.base())
    harness.iolite(folder, "import", "rows", "--vectors", vectors, "--metric", data.metric)
    vectors.unlink()
    return folder


def index_file(folder, kinds):
    """(kind, path) of the database's only index file."""
    found = [(kind, path) for kind in kinds for path in folder.glob(f"results/*.idx.{kind}")]
    return found[0] if len(found) == 1 else None


def write_queries(data, count):
    queries = np.resize(data.queries(), (count, data.queries().shape[1]))
    column = pa.ListArray.from_arrays(np.arange(count + 1, dtype=np.int32) * queries.shape[1], queries.ravel())
    path = data.folder / f"queries-{count}.parquet"
    parquet.write_table(pa.table({"id": np.arange(count), "vector": column}), path)
    return path


def processor_seconds(folder, path, ef):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    harness.iolite(folder, "search", "rows", "--queries", path, "-k", 10, "--ef", ef, "--threads", 1, "--output",
                   f"parquet={path.with_name('hits.parquet')}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def queries_per_second(folder, large, small, ef):
    """By what a large batch takes more than a small one, so that starting, opening, and checking each extent of the file when
    a search first meets it are not counted."""
    seconds = processor_seconds(folder, large, ef) - processor_seconds(folder, small, ef)
    return (BATCH - SMALL_BATCH) / seconds
