#!/usr/bin/env python3
"""Makes tests/reference/eval/{labels,tags,differences}: predictions, and the figures others give them.

    python3 -m venv venv && venv/bin/pip install numpy scipy scikit-learn seqeval statsmodels
    venv/bin/python tests/reference/eval_labels.py

Run once; its output is checked in. `labels.tsv` holds id, true label, predicted label and confidence,
`tags.tsv` true and predicted tags of one text a line, `differences.tsv` paired differences, a case a line.
`labels_expected.tsv`, `tags_expected.tsv` and `differences_expected.tsv` hold what scikit-learn, seqeval, and
SciPy with statsmodels say of them. The expected calibration error is computed here as its paper defines it.
"""

import pathlib
import random
import warnings

import numpy
import scipy.stats
from seqeval.metrics import classification_report as entity_report
from sklearn.metrics import accuracy_score, brier_score_loss, classification_report, confusion_matrix
from statsmodels.stats.multitest import multipletests

FOLDER = pathlib.Path(__file__).parent / "eval"
LABELS = ("cat", "dog", "eel", "fox")
BIN_COUNT = 10


def write(name, rows):
    with open(FOLDER / name, "w") as file:
        for row in rows:
            file.write("\t".join(f"{cell:.12g}" if isinstance(cell, float) else str(cell) for cell in row) + "\n")


def report_rows(report, averages):
    for name, figures in report.items():
        if not isinstance(figures, dict):
            continue
        kind = "mean" if name in averages else "class"
        for figure in ("precision", "recall", "f1-score"):
            yield kind, name.removesuffix(" avg"), figure, float(figures[figure])


def make_labels(rng):
    """`eel` is never predicted, `gnu` never true; some confidences lie on the borders of bins."""
    rows = []
    for i in range(200):
        true = rng.choices(LABELS, (5, 3, 1, 1))[0]
        confidence = rng.choice((rng.random(), rng.randint(0, 10) / 10))
        wrong = [label for label in (*LABELS, "gnu") if label not in (true, "eel")]
        predicted = true if rng.random() < 0.3 + 0.6 * confidence and true != "eel" else rng.choice(wrong)
        rows.append((f"r{i}", true, predicted, round(confidence, 6)))
    return rows


def calibration(confidence, right):
    edges = numpy.linspace(0, 1, BIN_COUNT + 1)
    error = 0.0
    for i, (low, high) in enumerate(zip(edges, edges[1:])):
        low, high = round(low, 10), round(high, 10)
        inside = (confidence > low) & (confidence <= high) | ((i == 0) & (confidence == 0))
        accuracy, mean = (float(right[inside].mean()), float(confidence[inside].mean())) if inside.any() else (0.0, 0.0)
        yield "bin", i, "count", float(inside.sum())
        yield "bin", i, "accuracy", accuracy
        yield "bin", i, "confidence", mean
        error += inside.mean() * abs(accuracy - mean)
    yield "calibration", "-", "expected_error", float(error)
    yield "calibration", "-", "brier", float(brier_score_loss(right, confidence))


def label_figures(rows):
    true, predicted = [row[1] for row in rows], [row[2] for row in rows]
    names = sorted({*true, *predicted})
    yield "mean", "accuracy", "-", float(accuracy_score(true, predicted))
    report = classification_report(true, predicted, output_dict=True, zero_division=0)
    yield from report_rows(report, ("macro avg", "weighted avg"))
    for true_name, line in zip(names, confusion_matrix(true, predicted, labels=names)):
        for predicted_name, count in zip(names, line):
            yield "confusion", true_name, predicted_name, float(count)
    confidence = numpy.array([row[3] for row in rows])
    yield from calibration(confidence, numpy.array([a == b for a, b in zip(true, predicted)]))


def make_tags(rng):
    """Well-formed and ill-formed sequences in several schemes."""
    prefixes = rng.choice(("BIO", "IO", "BIOES", "BILOU"))
    length = rng.randint(1, 14)
    tags = [f"{prefix}-{rng.choice(('PER', 'LOC', 'MISC-X'))}" if (prefix := rng.choice(prefixes)) != "O" else "O"
            for _ in range(length)]
    other = [tag if rng.random() < 0.8 else rng.choice(("O", "B-PER", "I-PER", "I-LOC", "E-LOC", "S-MISC-X", "B"))
             for tag in tags]
    return tags, other


def tag_figures(rows):
    report = entity_report([row[0] for row in rows], [row[1] for row in rows], output_dict=True, zero_division=0)
    yield from report_rows(report, ("micro avg", "macro avg", "weighted avg"))


def make_differences(rng):
    few = [round(rng.gauss(0.2, 0.3), 3) for _ in range(9)] + [0.0] * 5
    many = [round(rng.gauss(0.02, 0.2), 3) for _ in range(120)]
    ties = [rng.choice((-0.5, 0.0, 0.5, 0.5)) for _ in range(10)]
    return [few, many, ties, [0.0] * 8]


def difference_figures(cases):
    p_values = []
    for number, case in enumerate(cases):
        pair = (numpy.array(case), numpy.zeros(len(case)))
        moved = numpy.count_nonzero(case)
        exact = moved <= 12
        pair = tuple(side[numpy.array(case) != 0] for side in pair) if exact else pair
        p_value = 1.0 if moved == 0 else float(scipy.stats.permutation_test(
            pair, lambda x, y, axis: numpy.mean(x - y, axis=axis), permutation_type="samples", vectorized=True,
            n_resamples=numpy.inf if exact else 200_000, rng=numpy.random.default_rng(1)).pvalue)
        p_values.append(p_value)
        yield number, "p_exact" if exact else "p_random", p_value
        yield number, "mean", float(numpy.mean(case))
        if moved > 12:
            interval = scipy.stats.bootstrap((numpy.array(case),), numpy.mean, method="percentile", n_resamples=200_000,
                                             batch=1000, rng=numpy.random.default_rng(2)).confidence_interval
            yield number, "low", float(interval.low)
            yield number, "high", float(interval.high)
    given = (0.01, 0.04, 0.03, 0.005, 0.5)
    for number, (before, after) in enumerate(zip(given, multipletests(given, method="holm")[1])):
        yield number, "holm_given", before
        yield number, "holm", float(after)


def main():
    rng = random.Random(20260202)
    warnings.simplefilter("ignore")
    labels = make_labels(rng)
    tags = [make_tags(rng) for _ in range(120)]
    cases = make_differences(rng)
    write("labels.tsv", labels)
    write("labels_expected.tsv", label_figures(labels))
    write("tags.tsv", ((" ".join(true), " ".join(predicted)) for true, predicted in tags))
    write("tags_expected.tsv", tag_figures(tags))
    write("differences.tsv", cases)
    write("differences_expected.tsv", difference_figures(cases))


if __name__ == "__main__":
    main()
