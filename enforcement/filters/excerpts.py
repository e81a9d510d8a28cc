"""The little of a text that is kept as evidence: the hit itself and a few words around it."""

from enforcement.filters.rules import Finding, Kind

MOST = 200  # characters
SHOWN = 2  # characters of personal data or a key that stay readable


def excerpt_of(finding: Finding, text: str) -> str:
    """Return at most MOST characters around the first hit; of personal data and keys only form and beginning."""
    start, end = finding.spans[0] if finding.spans else (0, min(len(text), MOST))
    end = min(end, start + MOST)
    around = (MOST - (end - start)) // 2
    first, last = max(start - around, 0), min(end + around, len(text))
    if finding.rule.kind == Kind.PERSONAL:
        text = _masked(text, finding)
    return " ".join(text[first:last].replace("\0", "").split())[:MOST]


def _masked(text: str, finding: Finding) -> str:
    chars = list(text)
    for start, end in finding.spans:
        for place in range(start + SHOWN, end):
            if chars[place].isalnum():
                chars[place] = "•"
    return "".join(chars)
