#!/usr/bin/env python3
"""Opens a result table with the libraries that other people use, and compares with what Iolite said.

usage: foreign_readers.py FOLDER

FOLDER holds a table `T` (T.parquet, T.idx.usearch, T.idx.rowmap) and expected.json:
{"dimension", "row_ids", "queries": [[…]], "neighbours": [[id, …]]}, the neighbours nearest first by an exact
search. Exits 77 and names what is missing when a library is not installed.
"""

import importlib
import json
import pathlib
import struct
import sys

LIBRARIES = ["numpy", "pyarrow", "polars", "usearch"]


def require_libraries():
    missing = []
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    if missing:
        print("skipped: this Python has no " + ", ".join(missing))
        sys.exit(77)


def read_rowmap(path):
    data = path.read_bytes()
    (version,) = struct.unpack_from("<I", data)
    assert version == 1, f"row map version {version}"
    row_ids, at = [], 4
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        row_ids.append(data[at + 4 : at + 4 + length].decode("utf-8"))
        at += 4 + length
    return row_ids


def check_pyarrow(folder, expected):
    import numpy
    import pyarrow
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(folder / "T.parquet", page_checksum_verification=True)
    table = file.read()
    names = ["_row_id", "_source_id", "_model_id", "_content_hash", "vector"]
    assert table.schema.names == names, table.schema
    vector = table.schema.field("vector").type
    assert pyarrow.types.is_fixed_size_list(vector), vector
    assert vector.list_size == expected["dimension"] and vector.value_type == pyarrow.float32()
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert table.column("_row_id").to_pylist() == expected["row_ids"]
    flat = table.column("vector").combine_chunks().flatten().to_numpy()
    return numpy.asarray(flat).reshape(len(table), expected["dimension"])


def check_polars(folder, expected, vectors):
    import numpy
    import polars

    frame = polars.read_parquet(folder / "T.parquet")
    assert frame["_row_id"].to_list() == expected["row_ids"]
    read = numpy.array(frame["vector"].to_list(), dtype=numpy.float32)
    assert numpy.array_equal(read, vectors), "polars reads other vectors than pyarrow"
    lazy = polars.scan_parquet(folder / "T.parquet").filter(polars.col("_row_id") == expected["row_ids"][-1])
    assert lazy.collect().height == 1


def check_usearch(folder, expected, vectors):
    import numpy
    from usearch.index import Index

    row_ids = read_rowmap(folder / "T.idx.rowmap")
    assert row_ids == expected["row_ids"], "the row map has other ids than the rows"
    index = Index.restore(str(folder / "T.idx.usearch"), view=True)
    assert index is not None and len(index) == len(row_ids) and index.ndim == expected["dimension"]
    for row in (0, len(row_ids) // 2, len(row_ids) - 1):
        assert numpy.array_equal(index.get(row), vectors[row]), f"vector of row {row}"
    found = wanted = 0
    for query, neighbours in zip(expected["queries"], expected["neighbours"]):
        query = numpy.array(query, dtype=numpy.float32)
        exact = index.search(query, len(neighbours), exact=True)
        assert [row_ids[key] for key in exact.keys] == neighbours, "other neighbours"
        graph = index.search(query, len(neighbours))
        found += len({row_ids[key] for key in graph.keys} & set(neighbours))
        wanted += len(neighbours)
    assert found >= 0.95 * wanted, f"the graph finds {found} of {wanted}"
    return found, wanted


def main():
    folder = pathlib.Path(sys.argv[1])
    require_libraries()
    expected = json.loads((folder / "expected.json").read_text())
    vectors = check_pyarrow(folder, expected)
    check_polars(folder, expected, vectors)
    found, wanted = check_usearch(folder, expected, vectors)
    print(f"{len(vectors)} rows agree; usearch's graph finds {found} of {wanted} neighbours")


if __name__ == "__main__":
    main()
