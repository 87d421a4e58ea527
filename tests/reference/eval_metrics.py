#!/usr/bin/env python3
"""Makes tests/reference/eval: random judgements and a run with ties, and the figures trec_eval gives them.

    python3 -m venv venv && venv/bin/pip install ir_measures pytrec_eval-terrier
    venv/bin/python tests/reference/eval_metrics.py

Run once; its output is checked in. `expected.tsv` holds query, measure, cut-off and value, with the query
`all` for ir_measures' means; of `iprec`, the precision at recall, the cut-off is the recall in tenths. The reciprocal rank is trec_eval's too: ir_measures takes RR@k from MS MARCO's
script, which breaks ties by the order of the file.
"""

import pathlib
import random

import ir_measures
import pytrec_eval
from ir_measures import AP, P, R, RR, IPrec, Success, nDCG

FOLDER = pathlib.Path(__file__).parent / "eval"
CUTOFFS = (1, 3, 10, 100)


def make_judgements(rng):
    qrels = {}
    for query in range(40):
        documents = rng.sample(range(80), rng.randint(1, 40))
        qrels[f"q{query}"] = {f"d{d}": rng.choice([-1, 0, 0, 1, 1, 2, 3]) for d in documents}
    return qrels


def make_run(rng, qrels):
    """Few distinct scores make many ties; one query answers nothing that is relevant."""
    run = {}
    for query in qrels:
        documents = rng.sample(range(80), rng.randint(1, 60))
        run[query] = {f"d{d}": rng.randint(0, 12) / 4 for d in documents}
    run["q7"] = {"x1": 1.0, "x2": 0.5}
    # Equal as 32-bit floats, which is what trec_eval compares.
    run["q8"] = {"d1": 0.5, "d2": 0.5 + 1e-12, "d3": 0.5 - 1e-12}
    qrels["q8"] = {"d2": 1, "d3": 2}
    return run


def write_inputs(qrels, run):
    FOLDER.mkdir(exist_ok=True)
    with open(FOLDER / "qrels.txt", "w") as file:
        for query, documents in qrels.items():
            for document, grade in documents.items():
                file.write(f"{query} 0 {document} {grade}\n")
    with open(FOLDER / "run.txt", "w") as file:
        for query, documents in run.items():
            for rank, (document, score) in enumerate(documents.items()):
                file.write(f"{query} Q0 {document} {rank + 1} {score!r} reference\n")


def expected_by_query(qrels, run):
    cutoffs = ",".join(map(str, CUTOFFS))
    measures = {f"ndcg_cut.{cutoffs}", f"recall.{cutoffs}", f"map_cut.{cutoffs}", f"P.{cutoffs}",
                f"success.{cutoffs}", "recip_rank", "iprec_at_recall"}
    values = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    for query, figures in sorted(values.items()):
        for k in CUTOFFS:
            reciprocal = figures["recip_rank"]
            yield query, "ndcg", k, figures[f"ndcg_cut_{k}"]
            yield query, "recall", k, figures[f"recall_{k}"]
            yield query, "map", k, figures[f"map_cut_{k}"]
            yield query, "mrr", k, reciprocal if reciprocal * k >= 1 - 1e-9 else 0
            yield query, "precision", k, figures[f"P_{k}"]
            yield query, "hit_rate", k, figures[f"success_{k}"]
        for tenth in range(11):
            yield query, "iprec", tenth, figures[f"iprec_at_recall_{tenth / 10:.2f}"]


def expected_means():
    wanted = {RR: ("mrr", 1000)}
    for k in CUTOFFS:
        wanted |= {nDCG @ k: ("ndcg", k), R @ k: ("recall", k), AP @ k: ("map", k),
                   P @ k: ("precision", k), Success @ k: ("hit_rate", k)}
    for tenth in range(11):
        wanted[IPrec @ (tenth / 10)] = ("iprec", tenth)
    qrels = list(ir_measures.read_trec_qrels(str(FOLDER / "qrels.txt")))
    run = list(ir_measures.read_trec_run(str(FOLDER / "run.txt")))
    for measure, value in ir_measures.calc_aggregate(wanted, qrels, run).items():
        yield "all", *wanted[measure], value


def main():
    rng = random.Random(20260101)
    qrels = make_judgements(rng)
    run = make_run(rng, qrels)
    write_inputs(qrels, run)
    with open(FOLDER / "expected.tsv", "w") as file:
        for query, name, k, value in [*expected_by_query(qrels, run), *sorted(expected_means())]:
            file.write(f"{query}\t{name}\t{k}\t{value:.9f}\n")


if __name__ == "__main__":
    main()
