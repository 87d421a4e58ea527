"""Our text index beside tantivy and bm25s: building, and the ten best rows of queries of two to five terms.

    ./dev bench text [--sets glosses,scifact] [--threads 1,2] [--peers tantivy,bm25s] [--rounds 3]

Everyone gets the same texts and queries, and stems English with Snowball; nobody leaves out stop words. Building ends with
a file that is synced (ours), committed (tantivy) or an index in memory (bm25s). Queries come as words, and are parsed.
tantivy is asked from as many Python threads as ours has; it leaves Python's lock while it searches.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
import harness  # noqa: E402

harness.use_peers()

FOLDER = harness.WORK / "text"
ANALYZER = "standard language=en stop_words=none"
STOP_WORDS = set("a an and are as at be but by for if in into is it no not of on or such that the their then there these "
                 "they this to was will with".split())
QUERY_COUNT = 1000
SCIFACT_ROWS = 500_000


def glosses():
    texts = []
    for part in ("noun", "verb", "adj", "adv"):
        for line in open(f"/usr/share/wordnet/data.{part}", encoding="utf-8"):
            if not line.startswith("  "):
                texts.append(line.split(" | ", 1)[1].strip())
    return texts, len(texts)


def scifact():
    if not harness.SCIFACT.exists():
        return None
    texts = []
    for line in harness.SCIFACT.open():
        document = json.loads(line)
        texts.append(" ".join((document["title"] + " " + document["text"]).split()))
    return texts, SCIFACT_ROWS


SETS = {"glosses": (glosses, "WordNet's glosses"), "scifact": (scifact, "SciFact's abstracts, again and again")}


def make_queries(texts):
    """Words of one text each: two to five that are no stop words."""
    seeded, queries = random.Random(5), []
    while len(queries) < QUERY_COUNT:
        words = sorted(set(re.findall("[a-z]{3,}", seeded.choice(texts).lower())) - STOP_WORDS)
        count = 2 + len(queries) % 4
        if len(words) >= count:
            queries.append(" ".join(seeded.sample(words, count)))
    return queries


def prepare(name, make):
    made = make()
    if made is None:
        return None
    texts, rows = made
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts").write_text("\n".join(texts) + "\n")
    (folder / "queries").write_text("\n".join(make_queries(texts)) + "\n")
    return folder, rows


def read(folder):
    return [(folder / name).read_text().splitlines() for name in ("texts", "queries")]


# ---- the contenders, each in a process of its own ----------------------------------------------------


def ask_ours(folder, rows, threads, rounds):
    program = harness.program("src/iolite/text/peers", "iolite_text_peers")
    done = subprocess.run([program, folder / "texts", folder / "queries", folder / "ours", str(rows), str(threads),
                           str(rounds), ANALYZER], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def ask_peer(name, folder, rows, threads, rounds):
    done = subprocess.run([sys.executable, __file__, "--peer", name, folder, str(rows), str(threads), str(rounds)],
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def best_time(rounds, run):
    times = []
    for _ in range(rounds + 1):  # the first one warms up
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def run_tantivy(folder, rows, threads, rounds):
    import tantivy

    texts, queries = read(folder)
    place = folder / "tantivy"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("text", stored=False, tokenizer_name="en_stem")
    start = time.perf_counter()
    index = tantivy.Index(schema.build(), path=str(place))
    writer = index.writer(heap_size=512 << 20, num_threads=threads)
    for i in range(rows):
        writer.add_document(tantivy.Document(text=texts[i % len(texts)]))
    writer.commit()
    writer.wait_merging_threads()
    build = time.perf_counter() - start
    index.reload()
    searcher = index.searcher()

    def ask(some):
        for query in some:
            searcher.search(index.parse_query(query, ["text"]), 10, count=False)

    def ask_all():
        if threads == 1:
            return ask(queries)
        workers = [threading.Thread(target=ask, args=(queries[i::threads],)) for i in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    size = sum(path.stat().st_size for path in place.iterdir())
    return {"build_s": build, "query_us": best_time(rounds, ask_all) * 1e6 / len(queries), "bytes": size}


def run_bm25s(folder, rows, threads, rounds):
    import bm25s
    import Stemmer

    texts, queries = read(folder)
    corpus = [texts[i % len(texts)] for i in range(rows)]
    stemmer = Stemmer.Stemmer("english")
    start = time.perf_counter()
    tokens = bm25s.tokenize(corpus, stopwords=None, stemmer=stemmer, show_progress=False)
    retriever = bm25s.BM25(method="lucene", k1=1.2, b=0.75, backend="numba")
    retriever.index(tokens, show_progress=False)
    build = time.perf_counter() - start

    def ask_all():
        asked = bm25s.tokenize(queries, stopwords=None, stemmer=stemmer, show_progress=False, return_ids=False)
        retriever.retrieve(asked, k=10, show_progress=False, n_threads=threads)

    return {"build_s": build, "query_us": best_time(rounds, ask_all) * 1e6 / len(queries)}


PEERS = {"tantivy": run_tantivy, "bm25s": run_bm25s}


def measure(folder, rows, threads, options):
    results = {"ours": ask_ours(folder, rows, threads, options.rounds)}
    for peer in options.peers:
        results[peer] = ask_peer(peer, folder, rows, threads, options.rounds)
    report = harness.Report()
    for name, result in results.items():
        report.add(f"{name}: build, threads: {threads}", result["build_s"], " s")
        report.add(f"{name}: one query, threads: {threads}", result["query_us"], " us")
    report.add("ours: one query, every row scored", results["ours"]["exhaustive_us"], " us")
    report.add("ours: open", results["ours"]["open_ms"], " ms", at_most=20)
    report.add("ours: bytes a row", results["ours"]["bytes"] / rows)
    for peer in options.peers:
        for figure, name in (("build_s", "build"), ("query_us", "queries")):
            goal = 1 if name == "queries" or peer == "tantivy" else None
            report.add(f"{name}, times {peer}, threads: {threads}", results[peer][figure] / results["ours"][figure], "x",
                       at_least=goal)
    print()


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "--peer":
        print(json.dumps(PEERS[sys.argv[2]](Path(sys.argv[3]), *map(int, sys.argv[4:]))))
        return
    parser = argparse.ArgumentParser(prog="./dev bench text", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=lambda text: text.split(","), default=list(SETS), help=", ".join(SETS))
    parser.add_argument("--peers", type=lambda text: text.split(","), default=list(PEERS), help=", ".join(PEERS))
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    harness.heading("text: building and queries of two to five terms, ten best rows",
                    " ".join(["./dev bench text", *sys.argv[1:]]))
    print(f"load: {os.getloadavg()[0]:.1f}\n")
    for name in options.sets:
        make, title = SETS[name]
        prepared = prepare(name, make)
        if prepared is None:
            print(f"{name}: skipped, {harness.SCIFACT} is absent\n")
            continue
        folder, rows = prepared
        print(f"## {title}: {rows:,} rows\n")
        for threads in options.threads:
            measure(folder, rows, threads, options)


if __name__ == "__main__":
    main()
