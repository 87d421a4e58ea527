"""Who takes part in the vector benchmark, behind one face: ready, settings, search, build.

A setting is what trades speed for recall: ef, or for IVF the lists probed and the candidates compared exactly.
Our indexes and hnswlib live in one C++ program that does one command after another; USearch and faiss are asked
from here for all queries in one call, so Python's part of the time is nothing.
"""

import json
import re
import subprocess
import time

import faiss
import harness
import numpy as np
import usearch
import vector_data
import vector_peers
from usearch.index import Index

K = 10
CONNECTIVITY, EXPANSION_ADD = 16, 200
EFS = (10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 200, 256, 320, 400, 512)
TOLERANCE = 2e-6  # as in src/iolite/vector/peers/measure.cc


class Clock:
    """What speeds of one thread are counted by."""

    processor = False

    @classmethod
    def now(cls, threads=1):
        return time.process_time() if cls.processor and threads == 1 else time.perf_counter()

    @classmethod
    def word(cls, threads):
        return "processor" if cls.processor and threads == 1 else None


class Program:
    """The C++ program: a command a line, and a line of JSON back."""

    def __init__(self):
        self.process = subprocess.Popen([harness.vector_program()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def ask(self, verb, name, **values):
        words = [f"{key}={value}" for key, value in values.items() if value is not None]
        self.process.stdin.write(" ".join([verb, str(name), *words]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"the benchmark's program ended at: {verb} {name} {' '.join(words)}")
        return json.loads(answer)


class InProgram:
    """An index of the C++ program: `hnswlib`, `exact`, or one of ours as KIND[:key=value…]."""

    def __init__(self, program, text, label=None):
        kind, *options = text.split(":")
        self.program, self.kind, self.label = program, kind, label or f"Iolite {text}"
        self.name = re.sub(r"\W+", "-", self.label)
        self.options = dict(option.split("=", 1) for option in options)
        self.peer = kind in ("hnswlib", "exact")

    def ready(self, data, keep=False):
        """A peer's index is built once and kept. Ours is built again unless told to `keep`: it is what changes."""
        path = data.folder / f"{self.name}.index"
        if not ((self.peer or keep) and path.exists()):
            self.build(data, threads=2, file=path)
        self.open(data, path)

    def open(self, data, path):
        self.opened = self.program.ask("open", self.name, kind=self.kind, file=path)

    def settings(self):
        return EFS

    def search(self, setting, quality, threads=1, seconds=0.2, **options):
        """With `quality` recall and rows that are missing, and no time; else queries a second."""
        answer = self.program.ask("search", self.name, ef=setting, k=K, threads=threads, clock=Clock.word(threads),
                                  quality="yes" if quality else "no", seconds=0 if quality else seconds, **options)
        return answer if quality else answer["qps"]

    def build(self, data, threads, **options):
        return self.program.ask("build", self.name, kind=self.kind, threads=threads, clock=Clock.word(threads),
                                **self.options, **options)["rows_per_s"]


class InPython:
    """What the libraries' wheels share."""

    peer = True

    def ready(self, data, keep=True):
        self.metric, self.base = data.metric, data.base()
        self.queries, self.truth = data.queries(), data.truth_distances()[:, K - 1]
        path = data.folder / (re.sub(r"\W+", "-", self.label) + ".index")
        if path.exists():
            self.index = self.load(path)
        else:
            self.build(data, threads=2)
            self.save(path)

    def settings(self):
        return EFS

    def search(self, setting, quality, seconds=0.2):
        """With `quality` recall and no time; else queries a second."""
        self.use(setting)
        if quality:
            return {"recall": self.recall(self.find(self.queries))}
        done, start = 0, Clock.now()
        while (elapsed := Clock.now() - start) < seconds or done == 0:
            self.find(self.queries)
            done += len(self.queries)
        return done / elapsed

    def recall(self, rows):
        """Rows as near as the k-th true one count, whichever they are."""
        right = 0
        for query, found, truth in zip(self.queries, rows, self.truth):
            limit = truth + TOLERANCE * abs(truth) + (0 if self.metric == "l2" else TOLERANCE)
            right += int((vector_data.distances_to(self.base[found[found >= 0]], query, self.metric) <= limit).sum())
        return right / (len(self.queries) * K)


class Usearch(InPython):
    def __init__(self, element):
        self.label, self.element = f"USearch {element}", element

    def build(self, data, threads):
        base = self.base
        self.index = Index(ndim=base.shape[1], metric="l2sq" if data.metric == "l2" else "ip", dtype=self.element,
                           connectivity=CONNECTIVITY, expansion_add=EXPANSION_ADD)
        start = Clock.now(threads)
        self.index.add(np.arange(len(base)), base, threads=threads)
        return len(base) / (Clock.now(threads) - start)

    def save(self, path):
        self.index.save(str(path))

    def load(self, path):
        return Index.restore(str(path))

    def use(self, setting):
        self.index.expansion_search = setting

    def find(self, queries):
        return self.index.search(queries, K, threads=1).keys.astype(np.int64)


class Faiss(InPython):
    def build(self, data, threads):
        base = self.base
        faiss.omp_set_num_threads(threads)
        start = Clock.now(threads)
        self.index = self.make(data, base)
        faiss.omp_set_num_threads(1)
        return len(base) / (Clock.now(threads) - start)

    def save(self, path):
        faiss.write_index(self.index, str(path))

    def load(self, path):
        faiss.omp_set_num_threads(1)
        return faiss.read_index(str(path))

    def find(self, queries):
        return self.index.search(queries, K)[1]


class FaissHnsw(Faiss):
    label = "faiss HNSW"

    def make(self, data, base):
        index = faiss.IndexHNSWFlat(base.shape[1], CONNECTIVITY,
                                    faiss.METRIC_L2 if data.metric == "l2" else faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = EXPANSION_ADD
        index.add(base)
        return index

    def use(self, setting):
        self.index.hnsw.efSearch = setting


class FaissIvfPq(Faiss):
    label = "faiss IVF-PQ FastScan"

    def make(self, data, base):
        """About 4 sqrt(n) lists, as far as rows suffice to train them; half as many codes of 4 bits as dimensions;
        candidates compared exactly. Rows of length 1 have the same neighbours by L2."""
        count, dimension = base.shape
        lists = 2 ** int(np.log2(min(6 * np.sqrt(count), count / 39)))
        codes = dimension // 2 if dimension % 2 == 0 else dimension
        index = faiss.index_factory(dimension, f"IVF{lists},PQ{codes}x4fs,RFlat")
        index.train(base)
        index.add(base)
        return index

    def settings(self):
        return [(probes, factor) for factor in (4, 20) for probes in (8, 16, 32, 64, 128, 256, 512)]

    def use(self, setting):
        probes, factor = setting
        self.index.k_factor = factor
        faiss.downcast_index(self.index.base_index).nprobe = probes


def versions():
    """What the wheels are, and which of their kernels this machine gets."""
    kernels = Index(ndim=64, dtype="bf16").hardware_acceleration
    sources = " ".join(re.findall(r"^(\w+)==([\d.]+)", vector_peers.SOURCES.read_text(), re.M)[0])
    return f"{sources}, USearch {usearch.__version__} ({kernels}), faiss {faiss.__version__} ({faiss_kernels()})"


def faiss_kernels():
    return " ".join(name for name in faiss.get_compile_options().split() if name.startswith("AVX")) or "generic"


PEERS = {
    "hnswlib": lambda program: InProgram(program, f"hnswlib:m={CONNECTIVITY}:efc={EXPANSION_ADD}", "hnswlib"),
    "usearch-bf16": lambda program: Usearch("bf16"),
    "usearch-f32": lambda program: Usearch("f32"),
    "faiss-hnsw": lambda program: FaissHnsw(),
    "faiss-ivfpq": lambda program: FaissIvfPq(),
}
