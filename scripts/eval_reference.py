#!/usr/bin/env python3
"""Reference values of docmill's metrics, by scikit-learn, statsmodels and SciPy.

eval_reference.py write FILE [SEED]   makes random tables with their reference values
eval_reference.py check FILE          makes those of the file's seed again and compares to 1e-12

tests/it/eval/vectors.json is such a file. The tests compare docmill's metrics with it, or with the file
that DOCMILL_EVAL_VECTORS names:

    python3 scripts/eval_reference.py write /tmp/vectors.json 7
    DOCMILL_EVAL_VECTORS=/tmp/vectors.json cargo test --profile bench --test it eval::
"""
import json
import math
import random
import sys
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics
from statsmodels.regression.linear_model import WLS
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

warnings.filterwarnings("ignore")
PROBABILITIES = [1.0, 0.5, 0.25, 0.1]


def number(value):
    """A JSON number; null where the reference has no value."""
    value = float(value)
    return None if math.isnan(value) else value


def wilson(right, n):
    return [number(end) for end in proportion_confint(right, n, method="wilson")]


def share(right, n):
    """A share with its interval; null without observations."""
    return None if n == 0 else [right / n, *wilson(right, n)]


def lower_bound(right, n):
    return 0.0 if right == 0 else number(stats.beta.ppf(0.05, right, n - right + 1))


def f1_interval(right, either):
    """F1 is an increasing function of the Jaccard index, which is a share."""
    return [2 * end / (1 + end) for end in wilson(right, either)]


def effective_n(values, weights, clusters):
    """By the cluster-robust variance of a weighted mean; null where it has none, as with one cluster."""
    if len(set(clusters)) < 2:
        return None
    values, n = np.array(values, float), len(values)
    fit = WLS(values, np.ones(n), weights=np.array(weights)).fit(cov_type="cluster", cov_kwds={"groups": np.array(clusters)})
    mean, variance = fit.params[0], fit.bse[0] ** 2
    is_simple = len(set(weights)) == 1 and len(set(clusters)) == n
    if not variance >= 1e-24 or is_simple:
        return None
    return number(min(max(mean * (1 - mean) / variance, 1.0), n))


def draw_design(rng, n):
    """Nothing, or inclusion probabilities, or clusters, or both."""
    design = {}
    kind = rng.randrange(4)
    if kind in (1, 3):
        design["draws"] = "".join(str(rng.randrange(len(PROBABILITIES))) for _ in range(n))
    if kind in (2, 3):
        design["clusters"] = [rng.randrange(max(n // 3, 2)) for _ in range(n)]
    return design


def weights_of(design, n):
    return [1 / PROBABILITIES[int(draw)] for draw in design["draws"]] if "draws" in design else [1.0] * n


def classification(rng):
    labels, n = rng.randint(2, 6), rng.randint(3, 90)
    accuracy, unanswered = rng.uniform(0.2, 1), rng.choice([0, 0, 0.1])
    frequency = [rng.uniform(0.05, 1) for _ in range(labels)]
    truth = rng.choices(range(labels), frequency, k=n)
    answers = [None if rng.random() < unanswered else t if rng.random() < accuracy else rng.randrange(labels) for t in truth]
    table = {"labels": labels, "truth": "".join(map(str, truth)), "answers": "".join("-" if a is None else str(a) for a in answers), **draw_design(rng, n)}
    weights = weights_of(table, n)
    is_simple = "draws" not in table and "clusters" not in table
    predicted = [labels if a is None else a for a in answers]  # one more category
    used = sorted(set(truth) | {a for a in answers if a is not None})
    right = [int(t == a) for t, a in zip(truth, answers)]
    by_label = metrics.precision_recall_fscore_support(truth, predicted, labels=used, sample_weight=weights, zero_division=np.nan)
    score = lambda average: number(metrics.f1_score(truth, predicted, labels=used, average=average, sample_weight=weights, zero_division=0))
    matrix = metrics.confusion_matrix(truth, predicted, labels=range(labels + 1))
    expected = {
        "accuracy": number(metrics.accuracy_score(truth, predicted, sample_weight=weights)),
        "macro_f1": score("macro"),
        "weighted_f1": score("weighted"),
        "kappa": number(metrics.cohen_kappa_score(truth, predicted, sample_weight=weights)) if len(set(truth) | set(predicted)) > 1 else None,
        "confusion": matrix[:labels, :labels].tolist(),
        "unanswered": matrix[:labels, labels].tolist(),
        "effective_n": None if is_simple else effective_n(right, weights, table.get("clusters", range(n))),
        "labels": {str(label): [number(part[i]) for part in by_label[:3]] for i, label in enumerate(used)},
    }
    if is_simple:
        expected["accuracy_interval"] = wilson(sum(right), n)
        expected["accuracy_exact"] = [number(end) for end in proportion_confint(sum(right), n, method="beta")]
        expected["accuracy_bound"] = lower_bound(sum(right), n)
        if expected["kappa"] is not None:
            kappa = cohens_kappa(matrix)
            assert abs(kappa.kappa - expected["kappa"]) < 1e-12
            ends = [number(kappa.kappa_low), number(kappa.kappa_upp)]
            # By rounding, the variance of a kappa of 1 may be below 0.
            expected["kappa_interval"] = None if None in ends else [max(ends[0], -1), min(ends[1], 1)]
        expected["intervals"] = {}
        for label in used:
            tp = sum(t == a == label for t, a in zip(truth, answers))
            of_truth, of_answers = truth.count(label), answers.count(label)
            expected["intervals"][str(label)] = {
                "precision": share(tp, of_answers),
                "recall": share(tp, of_truth),
                "f1": f1_interval(tp, of_truth + of_answers - tp),
                "f1_bound": 2 * lower_bound(tp, of_truth + of_answers - tp) / (1 + lower_bound(tp, of_truth + of_answers - tp)),
            }
    return {**table, "expected": expected}


def tags(rng):
    count, n = rng.randint(2, 6), rng.randint(3, 60)
    frequency = [rng.uniform(0, 0.6) for _ in range(count)]
    draw = lambda: [int(rng.random() < f) for f in frequency]
    truth = [draw() for _ in range(n)]
    noise = rng.uniform(0, 0.4)
    answers = [None if rng.random() < 0.05 else [1 - bit if rng.random() < noise else bit for bit in row] for row in truth]
    mask = lambda row: "-" if row is None else "".join(map(str, row))
    table = {"tags": count, "truth": [mask(row) for row in truth], "answers": [mask(row) for row in answers], **draw_design(rng, n)}
    weights = weights_of(table, n)
    # A page without an answer has none of its tags, and one that no page has.
    given = np.array([row or [0] * count for row in answers])
    with_failure = np.array([(row or [0] * count) + [int(row is None)] for row in answers])
    true, true_with_failure = np.array(truth), np.array([row + [0] for row in truth])
    used = [tag for tag in range(count) if true[:, tag].any() or given[:, tag].any()]
    f1 = lambda average: number(metrics.f1_score(true, given, labels=used, average=average, sample_weight=weights, zero_division=np.nan)) if used else None
    by_tag = metrics.precision_recall_fscore_support(true, given, labels=used, sample_weight=weights, zero_division=np.nan) if used else []
    expected = {
        "accuracy": number(metrics.accuracy_score(true_with_failure, with_failure, sample_weight=weights)),
        "jaccard": number(metrics.jaccard_score(true_with_failure, with_failure, average="samples", sample_weight=weights, zero_division=1.0)),
        "micro_f1": f1("micro"),
        "macro_f1": f1("macro"),
        "tags": {str(tag): [number(part[i]) for part in by_tag[:3]] for i, tag in enumerate(used)},
    }
    return {**table, "expected": expected}


def proportion(rng):
    n = int(10 ** rng.uniform(0, 5))
    right = rng.randint(0, n) if rng.random() < 0.5 else max(n - rng.randint(0, 8), 0)
    confidence = rng.choice([0.9, 0.95, 0.99])
    ends = lambda method: [number(end) for end in proportion_confint(right, n, alpha=1 - confidence, method=method)]
    bound = number(stats.beta.ppf(1 - confidence, right, n - right + 1)) if right else 0.0
    return {"right": right, "n": n, "confidence": confidence, "wilson": ends("wilson"), "exact": ends("beta"), "bound": bound}


def paired(rng):
    one, other = rng.randint(0, 40), rng.randint(0, 40)
    return {"first": one, "second": other, "p": number(mcnemar([[5, one], [other, 5]], exact=True).pvalue)}


def prevalence(rng):
    """The formulas of PPI++ as its authors' package ppi-python has them, and by that package if it is installed."""
    n, others = rng.randint(20, 80), rng.randint(1, 400)
    frequency, noise = rng.uniform(0.05, 0.95), rng.uniform(0, 0.5)
    truth = [int(rng.random() < frequency) for _ in range(n)]
    flip = lambda bit: 1 - bit if rng.random() < noise else bit
    answers = [flip(bit) for bit in truth]
    predicted = sum(flip(int(rng.random() < frequency)) for _ in range(others))
    y, f, g = np.array(truth, float), np.array(answers, float), np.array([1.0] * predicted + [0.0] * (others - predicted))
    variance = np.concatenate([f, g]).var(ddof=1)
    covariance = np.mean((y - y.mean()) * (f - f.mean()))
    lam = float(np.clip(covariance / ((1 + n / others) * variance), 0, 1)) if variance > 0 else 0.0
    value = lam * g.mean() + (y - lam * f).mean()
    error = math.sqrt((lam * g).var() / others + (y - lam * f).var() / n)
    try:
        import ppi_py
    except ImportError:
        pass
    else:
        if variance > 0:
            low, high = ppi_py.ppi_mean_ci(y, f, g, alpha=0.05)
            assert abs(ppi_py.ppi_mean_pointestimate(y, f, g) - value) < 1e-12 and abs((high - low)[0] - 2 * stats.norm.ppf(0.975) * error) < 1e-12
    text = lambda bits: "".join(map(str, bits))
    return {"truth": text(truth), "answers": text(answers), "others": others, "predicted": predicted, "lambda": lam, "value": min(max(float(value), 0.0), 1.0), "standard_error": error}


def similarity(rng):
    """ANLS of one pair, by the recurrence of the edit distance."""
    one = "".join(rng.choices("abcd ef", k=rng.randint(0, 20)))
    other = "".join(c if rng.random() < 0.8 else rng.choice(["", "x", c + "y"]) for c in one)
    left, right = " ".join(one.split()), " ".join(other.split())
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    distance = row[-1] / max(len(left), len(right), 1)
    return {"one": one, "other": other, "anls": 1 - distance if distance < 0.5 else 0.0}


def make(seed):
    rng = random.Random(seed)
    kinds = [(classification, 200), (tags, 60), (proportion, 100), (paired, 40), (prevalence, 40), (similarity, 40)]
    return {"seed": seed, **{kind.__name__: [kind(rng) for _ in range(count)] for kind, count in kinds}}


def differences(one, other, path=""):
    """Where two files differ by more than 1e-12."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [line for key in one for line in differences(one[key], other[key], f"{path}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [line for i, pair in enumerate(zip(one, other)) for line in differences(*pair, f"{path}/{i}")]
    numbers = [isinstance(value, (int, float)) for value in (one, other)]
    same = abs(one - other) <= 1e-12 * max(1, abs(one)) if all(numbers) else one == other
    return [] if same else [f"{path}: {one!r} {other!r}"]


if __name__ == "__main__":
    command, file = sys.argv[1:3]
    if command == "write":
        tables = make(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
        with open(file, "w") as out:
            lines = (f'"{kind}":[\n' + ",\n".join(json.dumps(table, separators=(",", ":")) for table in tables[kind]) + "\n]" for kind in list(tables)[1:])
            out.write(f'{{"seed":{tables["seed"]},\n' + ",\n".join(lines) + "\n}\n")
    else:
        with open(file) as stored:
            stored = json.load(stored)
        found = differences(stored, json.loads(json.dumps(make(stored["seed"]))))
        print("\n".join(found[:20]) or f"{file}: scikit-learn, statsmodels and SciPy agree")
        sys.exit(bool(found))
