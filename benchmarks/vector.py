"""Our vector indexes beside hnswlib, USearch and faiss: recall and speed, threads, files, batches, filters, building.

    ./dev bench vector [--sets mnist-784,wordnet-384] [--ours KIND[:key=value…]] [--peers hnswlib] [--parts search]
    ./dev bench vector --large

Everyone is asked in turn, step by step and round by round, so the machine's moods meet all. k is 10, recall counts rows
as near as the k-th true one. Speeds at a recall are read off the curves.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
import harness  # noqa: E402
import vector_peers  # noqa: E402

vector_peers.use()

import vector_batch  # noqa: E402
import vector_curves  # noqa: E402
import vector_data  # noqa: E402
from vector_contenders import PEERS, Clock, InProgram, Program, versions  # noqa: E402

PLOTS = harness.SOURCE / "docs/benchmarks"
LARGE_PEERS = ("hnswlib", "usearch-bf16", "faiss-ivfpq")
SETS = ("mnist-784", "wordnet-384", "glove-25", "heavy-128")
TARGETS = (0.95, 0.99)
# How many times a peer's queries a second, at TARGETS, where something was promised.
SEARCH_GOALS = {
    "mnist-784": {"hnswlib": (4.5, 5), "USearch bf16": (3, 3), "USearch f32": (6, 6)},
    "wordnet-384": {"hnswlib": (5, 4.5), "USearch bf16": (3, 3), "USearch f32": (6, 6)},
}
BUILD_GOAL, THREADS_GOAL, BATCH_GOAL, OPEN_GOAL_MS = 2, 1.8, 0.95, 20
FILTER_SHARES = (0.5, 0.1, 0.01, 0.001, 0.0001)
FILTER_RECALL = 0.97


class Run:
    """What the parts of one data set share."""

    def __init__(self, options, program, data):
        self.options, self.program, self.data = options, program, data
        self.contenders = [InProgram(program, text) for text in options.ours]
        self.contenders += [PEERS[name](program) for name in options.peers]
        self.ours, self.curves = self.contenders[0], {}
        program.ask("data", data.folder, metric=data.metric)
        for contender in self.contenders:
            print(f"== {data.name}: {contender.label}", file=sys.stderr, flush=True)
            contender.ready(data, options.keep)

    def find(self, label):
        return next((contender for contender in self.contenders if contender.label == label), None)

    def median(self, measure):
        return harness.median([measure() for _ in range(self.options.rounds)])


def search(run):
    run.curves = vector_curves.measure(run.contenders, run.options.rounds)
    print("queries a second, one thread, at recall@10\n")
    print(f"| {'index':<28} |" + "".join(f" {target:>8} |" for target in TARGETS) + " largest recall |")
    print(f"|{'-' * 30}|" + f"{'-' * 10}|" * len(TARGETS) + f"{'-' * 16}|")
    for label, points in run.curves.items():
        speeds = [vector_curves.speed_at(points, target) for target in TARGETS]
        print(f"| {label:<28} |" + "".join(f" {f'{speed:,.0f}' if speed else 'never':>8} |" for speed in speeds) +
              f" {points[-1][0] if points else 0:>14.4f} |")
    print()
    report, goals = harness.Report(), SEARCH_GOALS.get(run.data.name, {})
    for label, points in run.curves.items():
        for i, target in enumerate(TARGETS):
            ours = vector_curves.speed_at(run.curves[run.ours.label], target)
            theirs = vector_curves.speed_at(points, target)
            if label != run.ours.label and theirs:
                report.add(f"{run.ours.label} at {target}, times {label}", (ours or 0) / theirs, "x",
                           at_least=goals[label][i] if label in goals else None)
    draw(run)


def draw(run):
    picture = vector_curves.svg(run.data.title, {label: points for label, points in run.curves.items() if points})
    places = [run.data.folder / "curves.svg"] + [PLOTS / f"vector-{run.data.name}.svg"] * run.options.publish
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(picture)
    (run.data.folder / "curves.json").write_text(json.dumps(run.curves, indent=1))
    print(f"\ncurves: {', '.join(str(place.relative_to(harness.SOURCE)) for place in places)}\n")


def build(run):
    """Everyone's threads and everyone's turn alternate; the last index built is searched on."""
    speeds = {}
    wanted = [run.ours] + [c for c in run.contenders if c.peer and c.label in ("hnswlib", *run.options.build_peers)]
    for threads in (1, 2):
        for contender in wanted:
            speeds[contender.label, threads] = contender.build(run.data, threads)
    report = harness.Report()
    for (label, threads), speed in speeds.items():
        report.add(f"{label}: rows/s built, threads: {threads}", speed)
    for label in dict.fromkeys(label for label, _ in speeds if label != run.ours.label):
        for threads in (1, 2):
            ratio = speeds[run.ours.label, threads] / speeds[label, threads]
            report.add(f"build to {label}, threads: {threads}", ratio, "x",
                       at_least=BUILD_GOAL if label == "hnswlib" else None)
    if not Clock.processor:
        ratio = speeds[run.ours.label, 2] / speeds[run.ours.label, 1]
        report.add("build, two threads to one", ratio, "x", at_least=THREADS_GOAL)
    print()


def first_ef(contender, recall, **options):
    """The smallest ef that reaches the recall, or the largest there is, with what it answered."""
    for setting in contender.settings():
        answer = contender.search(setting, quality=True, **options)
        if answer["recall"] >= recall:
            break
    return setting, answer


def threads(run):
    if Clock.processor:
        print("threads: skipped, two threads are compared with one by the time that passes\n")
        return
    report = harness.Report()
    for contender in filter(None, (run.ours, run.find("hnswlib"))):
        ef, _ = first_ef(contender, TARGETS[0])
        ratio = run.median(lambda: contender.search(ef, quality=False, threads=2) / contender.search(ef, quality=False))
        report.add(f"{contender.label}: queries/s, two threads to one, ef {ef}", ratio, "x",
                   at_least=THREADS_GOAL if contender is run.ours else None)
    print()


def filters(run):
    """Each takes the ef it needs for the recall. The goal is the faster of hnswlib with a filter and a flat scan, and
    five times that from 1 % on."""
    flat = InProgram(run.program, "exact", "exact scan")
    flat.ready(run.data)
    others = [contender for contender in (run.find("hnswlib"), flat) if contender]
    print(f"filtered, queries a second at recall {FILTER_RECALL} (recall, where it is not reached)\n")
    print(f"| {'rows that pass':>14} | {'filter':<7} | {'recall':>6} | missing |" +
          "".join(f" {contender.label:>20} |" for contender in [run.ours, *others]) + " to the best | goal | reached |")
    print("|" + "-" * 16 + "|" + "-" * 9 + "|" + "-" * 8 + "|" + "-" * 9 + "|" + ("-" * 22 + "|") * (1 + len(others)) +
          "-" * 13 + "|" + "-" * 6 + "|" + "-" * 9 + "|")
    for share in FILTER_SHARES:
        for correlation in ("random", "near", "far"):
            name = f"{correlation}-{share}"
            run.program.ask("filter", name, correlation=correlation, share=share)
            print_filter(run, name, share, correlation, [run.ours, *others])
    print()


def print_filter(run, name, share, correlation, contenders):
    chosen = [first_ef(contender, FILTER_RECALL, filter=name) for contender in contenders]
    speeds = [[contender.search(ef, quality=False, filter=name, seconds=0.1)
               for contender, (ef, _) in zip(contenders, chosen)] for _ in range(run.options.rounds)]
    speeds = [harness.median(column) for column in zip(*speeds)]
    reached = [answer["recall"] >= FILTER_RECALL for _, answer in chosen]
    best = max((speed for speed, there in zip(speeds[1:], reached[1:]) if there), default=0)
    goal, ours = 5 if share <= 0.01 else 1, chosen[0][1]
    met = reached[0] and ours["rows_missing"] == 0 and speeds[0] >= goal * best
    cells = [f"{speed:,.0f}" if there else f"{answer['recall']:.3f}"
             for speed, there, (_, answer) in zip(speeds, reached, chosen)]
    print(f"| {share:>14.2%} | {correlation:<7} | {ours['recall']:.4f} | {ours['rows_missing']:>7} |" +
          "".join(f" {cell:>20} |" for cell in cells) +
          f" {f'{speeds[0] / best:.2f}x' if best else '':>11} | {goal:>3}x | {'yes' if met else 'NO':<7} |", flush=True)


def files(run):
    report = harness.Report()
    count = len(run.data.base())
    for contender in run.contenders:
        if isinstance(contender, InProgram):
            bare = {name: value for name, value in contender.opened.items() if name.endswith("_ms")}
            goal = OPEN_GOAL_MS if contender is run.ours else None
            report.add(f"{contender.label}: open", bare["open_ms"], " ms", at_most=goal)
            report.add(f"{contender.label}: first search", bare["first_search_ms"], " ms")
            report.add(f"{contender.label}: bytes a row", contender.opened["bytes"] / count)
    print()


def batch(run):
    """Reading the queries and writing the hits is part of the program's time."""
    folder = vector_batch.database(run.data, run.options.keep)
    found = vector_batch.index_file(folder, run.program.ask("kinds", "all")["kinds"])
    if not found:
        print(f"batch: skipped, {folder} does not hold one index file\n")
        return
    bare = InProgram(run.program, found[0], f"{found[0]} of the database")
    bare.open(run.data, found[1])
    ef, answer = first_ef(bare, TARGETS[0])
    large = vector_batch.write_queries(run.data, vector_batch.BATCH)
    small = vector_batch.write_queries(run.data, vector_batch.SMALL_BATCH)
    bare_speeds, speeds = [], []
    for _ in range(run.options.rounds):
        bare_speeds.append(bare.search(ef, quality=False, seconds=1))
        speeds.append(vector_batch.queries_per_second(folder, large, small, ef))
    report = harness.Report()
    report.add(f"bare calls, ef {ef}, recall {answer['recall']:.4f}", harness.median(bare_speeds), "/s")
    report.add("iolite search --queries, one thread", harness.median(speeds), "/s")
    ratio = harness.median(speeds) / harness.median(bare_speeds)
    report.add("the batch to bare calls", ratio, "x", at_least=BATCH_GOAL)
    print()


PARTS = {"search": search, "threads": threads, "files": files, "batch": batch, "filters": filters, "build": build}


def arguments():
    def words(text):
        return text.split(",")

    parser = argparse.ArgumentParser(prog="./dev bench vector", description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=words, default=SETS, help=", ".join(vector_data.SETS))
    parser.add_argument("--large", action="store_true", help="1,000,000 x 128 instead of the sets")
    parser.add_argument("--ours", action="append", metavar="KIND[:key=value…]",
                        help="m, efc, element; may be repeated, goals are for the first")
    parser.add_argument("--peers", type=words, help=", ".join(PEERS))
    parser.add_argument("--build-peers", type=words, default=(), help="labels to build again besides hnswlib")
    parser.add_argument("--parts", type=words, default=tuple(PARTS), help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="searches our index as the last run left it")
    parser.add_argument("--processor-time", action="store_true",
                        help="counts that for one thread, not time passed, where others use the machine as well; "
                             "two threads are not compared with one then")
    parser.add_argument("--publish", action="store_true", help="writes the curves into docs/benchmarks as well")
    options = parser.parse_args()
    if options.large:
        options.sets = ("heavy-128-large",)
    options.peers = options.peers or (LARGE_PEERS if options.large else tuple(PEERS))
    for chosen, known in ((options.sets, vector_data.SETS), (options.peers, PEERS), (options.parts, PARTS)):
        for name in chosen:
            if name not in known:
                parser.error(f"there is no '{name}': {', '.join(known)}")
    return options


def main():
    options = arguments()
    Clock.processor = options.processor_time
    program = Program()
    options.ours = options.ours or program.ask("kinds", "all")["kinds"][:1]
    harness.heading("vector: recall and speed, one thread, k = 10", " ".join(["./dev bench vector", *sys.argv[1:]]))
    print(f"peers: {versions()}\n")
    for name in options.sets:
        data = vector_data.data_set(name)
        if data is None:
            continue
        print(f"## {data.title}\n")
        run = Run(options, program, data)
        for part in options.parts:
            PARTS[part](run)


if __name__ == "__main__":
    main()
