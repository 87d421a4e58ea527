"""The data of the vector benchmark, each set as three files of build/bench/vector/NAME.

base.fbin and query.fbin hold u32 rows, u32 dimension, then f32 rows; truth.ibin holds u32 queries, u32 k, then k u32
rows for each query and, after all of them, k f32 distances for each. Rows of a cosine set have length 1.
"""

import json
import sys
from dataclasses import dataclass

import harness
import numpy as np

FOLDER = harness.WORK / "vector"
SHARED = harness.SOURCE / "../shared/data/vectors"
TRUTH_K = 32
QUERY_COUNT = 1000
SEED = 20261121


@dataclass
class DataSet:
    name: str
    title: str
    metric: str  # `l2` or `cosine`

    @property
    def folder(self):
        return FOLDER / self.name

    def base(self):
        return read_rows(self.folder / "base.fbin")

    def queries(self):
        return read_rows(self.folder / "query.fbin")

    def truth_distances(self):
        """Distances to the nearest TRUTH_K rows, for each query."""
        count, k = np.fromfile(self.folder / "truth.ibin", np.uint32, 2)
        distances = np.fromfile(self.folder / "truth.ibin", np.float32, offset=8 + int(count) * int(k) * 4)
        return distances.reshape(count, k)


def read_rows(path):
    count, dimension = np.fromfile(path, np.uint32, 2)
    return np.fromfile(path, np.float32, offset=8).reshape(count, dimension)


def write_array(path, header, *arrays):
    partial = path.with_suffix(".partial")
    with open(partial, "wb") as file:
        np.array(header, np.uint32).tofile(file)
        for array in arrays:
            np.ascontiguousarray(array).tofile(file)
    partial.rename(path)


def normalised(rows):
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    return (rows / np.maximum(lengths, 1e-30)[:, None]).astype(np.float32)


def hold_out(rows):
    """Rows without QUERY_COUNT random ones, and those."""
    chosen = np.random.default_rng(SEED).permutation(len(rows))[:QUERY_COUNT]
    mask = np.ones(len(rows), bool)
    mask[chosen] = False
    return rows[mask], rows[chosen]


def mnist():
    import pyarrow as pa

    with pa.input_stream(str(SHARED / "mnist-784/base.u8bin.zst"), compression="zstd") as stream:
        base = stream.read()
    return from_u8bin(base), from_u8bin((SHARED / "mnist-784/query.u8bin").read_bytes())


def from_u8bin(data):
    count, dimension = np.frombuffer(data, np.uint32, 2)
    return np.frombuffer(data, np.uint8, count * dimension, 8).reshape(count, dimension).astype(np.float32)


def glove():
    dimension = int(np.fromfile(SHARED / "glove-25/base.fvecs", np.int32, 1)[0])
    rows = np.fromfile(SHARED / "glove-25/base.fvecs", np.float32).reshape(-1, dimension + 1)[:, 1:]
    return hold_out(normalised(rows))


def wordnet():
    """The glosses as the product embeds them, read back by SQL."""
    import pyarrow.parquet as parquet

    database, path = harness.glosses_database(), FOLDER / "glosses.parquet"
    table = json.loads(harness.iolite(database, "tables", "list", "--output", "json").splitlines()[0])["name"]
    harness.iolite(database, "sql", f"COPY (SELECT vector FROM \"{table}\" ORDER BY _row_id) TO '{path}'")
    column = parquet.read_table(path)["vector"].combine_chunks()
    path.unlink()
    return hold_out(normalised(column.flatten().to_numpy().reshape(len(column), -1)))


def heavy_tailed(count, dimension=128):
    """Student's t with 3 degrees of freedom, mixed by few latent ones, on scales that differ a hundredfold."""
    random = np.random.default_rng(SEED)
    scales = random.lognormal(0, 1, dimension).astype(np.float32)
    mix = random.standard_normal((dimension // 4, dimension)).astype(np.float32)
    blocks = []
    for start in range(0, count + QUERY_COUNT, 50_000):
        size = min(50_000, count + QUERY_COUNT - start)
        latent = random.standard_t(3, (size, dimension // 4)).astype(np.float32)
        noise = random.standard_t(3, (size, dimension)).astype(np.float32)
        blocks.append((latent @ mix * 0.5 + noise) * scales)
    rows = np.concatenate(blocks)
    return rows[:count], rows[count:]


def nearest(base, queries, metric):
    """Rows and distances of the TRUTH_K nearest: candidates by f32 products, their distances in f64."""
    squares = np.einsum("ij,ij->i", base, base) if metric == "l2" else np.float32(0)
    rows = np.empty((len(queries), TRUTH_K), np.uint32)
    distances = np.empty((len(queries), TRUTH_K), np.float32)
    at_once = max(1, 10_000_000 // len(base))
    for start in range(0, len(queries), at_once):
        block = queries[start:start + at_once]
        scores = squares - (2 if metric == "l2" else 1) * (block @ base.T)
        candidates = np.argpartition(scores, 4 * TRUTH_K, axis=1)[:, :4 * TRUTH_K]
        for i, query in enumerate(block):
            exact = distances_to(base[candidates[i]], query, metric)
            order = np.lexsort((candidates[i], exact))[:TRUTH_K]
            rows[start + i], distances[start + i] = candidates[i][order], exact[order]
    return rows, distances


def distances_to(rows, query, metric):
    rows, query = rows.astype(np.float64), query.astype(np.float64)
    return ((rows - query) ** 2).sum(-1) if metric == "l2" else 1 - rows @ query


def prepare(data, base, queries):
    """Writes the files of a set."""
    print(f"== prepare {data.title}: {len(base):,} x {base.shape[1]}", file=sys.stderr, flush=True)
    data.folder.mkdir(parents=True, exist_ok=True)
    write_array(data.folder / "base.fbin", base.shape, base.astype(np.float32))
    write_array(data.folder / "query.fbin", queries.shape, queries.astype(np.float32))
    rows, distances = nearest(base, queries, data.metric)
    write_array(data.folder / "truth.ibin", rows.shape, rows, distances)


SETS = {
    "mnist-784": ("MNIST-784", "l2", mnist),
    "wordnet-384": ("WordNet glosses x 384", "cosine", wordnet),
    "glove-25": ("GloVe-25", "cosine", glove),
    "heavy-128": ("heavy tails, 200,000 x 128", "l2", lambda: heavy_tailed(200_000)),
    "heavy-128-large": ("heavy tails, 1,000,000 x 128", "l2", lambda: heavy_tailed(1_000_000)),
}


def data_set(name):
    """The set, its files made if they are not there; None, with a line that says why, where its origin is absent."""
    title, metric, make = SETS[name]
    data = DataSet(name, title, metric)
    if (data.folder / "truth.ibin").exists():
        return data
    try:
        prepare(data, *make())
    except FileNotFoundError as missing:
        print(f"{title}: skipped, {missing.filename} is absent\n")
        return None
    return data
