"""Orders of cases measured against a label: keyword list, naive Bayes, area under the curve. No library, no state."""

import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

# The peer: what a list of words finds, in our own words. Nine groups; a hit is a group that occurs.
KEYWORDS = {
    "health": r"patient|clinic|diagnos|medical|health|treatment|hospital|disease",
    "police": r"law enforcement|police|criminal|crime|investigat|forensic|suspect|arrest|fugitive",
    "border": r"border|immigra|visa|asylum|traveler|customs",
    "biometrics": r"biometric|facial|face|fingerprint|iris|voice print",
    "benefits": r"benefit|eligib|claim|pension|disabilit|welfare|loan",
    "work": r"employee|hiring|recruit|applicant|personnel|job",
    "justice": r"court|legal|judge|sentenc|prison|inmate|parole",
    "safety": r"safety|weapon|threat|risk|emergency|critical infrastructure",
    "watching": r"surveil|monitor|track|detect|camera|video",
}
GROUPS = {name: re.compile(rf"\b(?:{pattern})", re.IGNORECASE) for name, pattern in KEYWORDS.items()}
WORD = re.compile(r"[a-z][a-z]+")
ROUNDS = 400  # of resampling


def keyword_hits(text: str) -> int:
    return sum(bool(pattern.search(text)) for pattern in GROUPS.values())


class NaiveBayes:
    """Words and pairs of words that occur in at least three texts; the log odds of the label, Laplace-smoothed."""

    def __init__(self, texts: Sequence[str], labels: Sequence[bool]):
        told: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for text, label in zip(texts, labels, strict=True):
            told[label].update(_terms(text))
        kept = [term for term, n in (told[True] + told[False]).items() if n >= 3]
        yes, no = sum(labels), len(labels) - sum(labels)
        self.odds = {
            term: math.log((told[True][term] + 1) / (yes + 2)) - math.log((told[False][term] + 1) / (no + 2))
            for term in kept
        }

    def score(self, text: str) -> float:
        """Return the mean log odds of the terms it knows: long texts are not surer for their length."""
        known = [self.odds[term] for term in _terms(text) if term in self.odds]
        return sum(known) / math.sqrt(len(known)) if known else 0.0


def _terms(text: str) -> set[str]:
    words = WORD.findall(text.lower())
    return {*words, *(f"{a} {b}" for a, b in pairwise(words))}


def auc(scores: Iterable[float], labels: Iterable[bool]) -> float:
    """Return how often a labelled row stands before an unlabelled one; a tie counts half."""
    rows = sorted(zip(scores, labels, strict=True))
    yes = sum(label for _, label in rows)
    no, total, place = len(rows) - yes, 0.0, 0
    while place < len(rows):
        end = place
        while end < len(rows) and rows[end][0] == rows[place][0]:
            end += 1
        total += sum(label for _, label in rows[place:end]) * (place + 1 + end) / 2
        place = end
    return (total - yes * (yes + 1) / 2) / (yes * no) if yes and no else float("nan")


def interval(scores: Sequence[float], labels: Sequence[bool], *, seed: int = 7) -> tuple[float, float]:
    """Return the middle 95 % of the area over resampled rows, labelled and unlabelled apart."""
    drawn, rows = random.Random(seed), list(zip(scores, labels, strict=True))
    yes, no = [row for row in rows if row[1]], [row for row in rows if not row[1]]
    found = []
    for _ in range(ROUNDS):
        sample = drawn.choices(yes, k=len(yes)) + drawn.choices(no, k=len(no))
        found.append(auc([s for s, _ in sample], [label for _, label in sample]))
    found.sort()
    return found[round(ROUNDS * 0.025)], found[round(ROUNDS * 0.975) - 1]
