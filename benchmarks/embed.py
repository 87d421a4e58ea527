"""Embedding end to end, from Parquet to a sealed result table, against ONNX Runtime on the same program.

The peer gets the program that Iolite built from the checkpoint, as one ONNX file, the same tokenizer, the same
number of threads, and batches of 256 in arrival order, which is how embedding libraries use it.

    ./dev bench embed [--rounds 3]
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
import harness  # noqa: E402

harness.use_peers()

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.csv  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

THREADS = 2
BATCH = 256
TOKENS_MAX = 256  # all-MiniLM-L6-v2's sentence_bert_config.json


def glosses():
    return pyarrow.csv.read_csv(harness.glosses_csv())["gloss"].to_pylist()


def abstracts():
    """1,000 texts of about 240 tokens: SciFact's abstracts, or glosses put together where it is absent."""
    if harness.SCIFACT.exists():
        rows = [json.loads(line) for line in harness.SCIFACT.open()]
        return [f"{row['title']} {row['text']}" for row in rows[:1000]], "SciFact abstracts"
    texts = glosses()
    return ["; ".join(texts[i * 16:(i + 1) * 16]) for i in range(1000)], "glosses joined by sixteen"


class Peer:
    def __init__(self, model):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.inputs = [port.name for port in self.session.get_inputs()]
        self.tokenizer = Tokenizer.from_file(str(harness.MINILM / "tokenizer.json"))
        self.tokenizer.enable_truncation(TOKENS_MAX)
        self.tokenizer.enable_padding()

    def embed(self, texts):
        vectors = []
        for start in range(0, len(texts), BATCH):
            batch = self.tokenizer.encode_batch(texts[start:start + BATCH])
            ids = np.array([one.ids for one in batch], dtype=np.int64)
            mask = np.array([one.attention_mask for one in batch], dtype=np.int64)
            feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            types = {port.name: port.type for port in self.session.get_inputs()}
            feeds = {name: value.astype(np.int32) if "int32" in types[name] else value.astype(np.float32)
                     if "float" in types[name] else value for name, value in feeds.items() if name in types}
            vectors.append(self.session.run(None, feeds)[0])
        return np.concatenate(vectors)


def peak_memory_mb(pid):
    """The most resident memory a running process had so far; 0 when it has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0].split()[1]) / 1024 if found else 0


def run_iolite(name, precision):
    """Embeds into a fresh database; returns the job's result, peak memory in MB, and the vectors by key."""
    database = harness.WORK / f"embed-{name}"
    shutil.rmtree(database, ignore_errors=True)
    harness.iolite(database, "sources", "add", name, harness.WORK / f"{name}.parquet")
    command = [harness.PROGRAM, "--db", database, "embed", name, "--model", f"local:{harness.MINILM}", "--columns", "text",
               "--key", "id", "--precision", precision, "--output", "json", "--quiet", "--set", f"threads.count={THREADS}"]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
    peak_mb = 0
    # The kernel's own figure for a child counts this process's memory too, from before the exec.
    while process.poll() is None:
        peak_mb = max(peak_mb, peak_memory_mb(process.pid))
        time.sleep(0.02)
    output = process.stdout.read()
    if process.returncode != 0:
        sys.exit("iolite embed failed")
    result = json.loads(output)
    job = json.loads(harness.iolite(database, "jobs", "list", "--output", "json").splitlines()[0])
    rows = pq.read_table(database / "results" / f"{result['table']}.parquet", columns=["_row_id", "vector"])
    order = np.argsort(rows["_row_id"].to_numpy(zero_copy_only=False).astype(np.int64))
    vectors = rows["vector"].combine_chunks().flatten().to_numpy().reshape(len(rows), -1)[order]
    return result, job["result"], peak_mb, vectors


def measure(report, peer, name, texts, rounds, goals):
    pq.write_table(pa.table({"id": list(range(len(texts))), "text": texts}), harness.WORK / f"{name}.parquet")
    peer_seconds, seconds, shares, peak_mb, reference, vectors = [], {}, [], 0, None, {}
    for _ in range(rounds):
        start = time.perf_counter()
        reference = peer.embed(texts)
        peer_seconds.append(time.perf_counter() - start)
        for precision in goals:
            result, job, mb, vectors[precision] = run_iolite(name, precision)
            seconds.setdefault(precision, []).append(result["seconds"])
            shares.append(job["seconds_outside_model"] / result["seconds"])
            peak_mb = max(peak_mb, mb)
    base = harness.median(peer_seconds)
    print(f"{name}: ONNX Runtime {base:.2f} s, Iolite "
          + ", ".join(f"{p} {harness.median(s):.2f} s" for p, s in seconds.items()))
    for precision, goal in goals.items():
        ratios = [a / b for a, b in zip(peer_seconds, seconds[precision])]
        report.add(f"{name}, {precision}: times ONNX Runtime's speed", harness.median(ratios), "x", at_least=goal)
        cosines = (reference * vectors[precision]).sum(axis=1)
        report.add(f"{name}, {precision}: least cosine to its vectors", float(cosines.min()),
                   at_least=0.99999 if precision == "f32" else 0.999)
    report.add(f"{name}: share of time outside the model", 100 * harness.median(shares), " %", at_most=10)
    report.add(f"{name}: peak memory", peak_mb, " MB", at_most=600)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    harness.WORK.mkdir(parents=True, exist_ok=True)
    model = harness.WORK / "all-MiniLM-L6-v2.onnx"
    harness.iolite(harness.WORK / "models", "models", "export", f"local:{harness.MINILM}", "--onnx", model)
    harness.heading("embed: all-MiniLM-L6-v2", "./dev bench embed")
    peer = Peer(model)
    amx = "amx_bf16" in Path("/proc/cpuinfo").read_text()
    long_texts, long_name = abstracts()
    short_texts = glosses()[:5000]
    print(f"1,000 {long_name}; 5,000 WordNet glosses; {THREADS} threads; medians of {arguments.rounds} rounds\n")
    report = harness.Report()
    measure(report, peer, "abstracts", long_texts, arguments.rounds, {"f32": 1.6, **({"bf16": 5} if amx else {})})
    measure(report, peer, "short", short_texts, arguments.rounds, {"f32": 3, **({"bf16": 9} if amx else {})})
    if not amx:
        print("\nbf16 is not measured: this processor has no AMX")


if __name__ == "__main__":
    main()
