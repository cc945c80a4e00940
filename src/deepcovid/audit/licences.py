"""Do licences forbid what the films may be wanted for?"""

from __future__ import annotations

import re
from typing import Any

from deepcovid.audit.data_test import DataResult, Subject, data_test

# What a licence's words forbid, the gravest first; every rule that matches is counted.
FORBIDS = {
    "any use": re.compile(
        r"all rights reserved|no permission|not permitted|do not (use|distribute)|copyright(?!.*cc)", re.I
    ),
    "changed copies": re.compile(r"\bnd\b|no[- ]?deriv", re.I),
    "commercial use": re.compile(r"\bnc\b|non[- ]?commercial|research (use|only|purposes)|academic", re.I),
    "passing on": re.compile(
        r"research (use|only|purposes)|data use agreement|\bdua\b|credentialed|registration|request", re.I
    ),
}
UNKNOWN = re.compile(
    r"|unknown|not (known|told|given|stated)|n\.?/?a\.?|nan|none|null|-|\?", re.I
)  # words for an empty cell
RULE = (
    "WARN: some films' licence forbids commercial use (NC, research use), changed copies (ND), passing on or any use, or some "
    "films have none. PASS: every film has a licence that forbids none of these. CANNOT TELL: no film's licence is known."
)


@data_test(name="licences", question="Do licences forbid a use?", rule=RULE, place=120)
def licences(subject: Subject) -> DataResult:
    """Films by licence, and what each licence forbids by its words."""
    told = subject.column("license").map(
        lambda cell: None if UNKNOWN.fullmatch(str(cell).strip()) else str(cell).strip(), na_action="ignore"
    )
    told = told.where(told.notna(), None)
    n, unknown = len(told), int(told.isna().sum())
    counts = told.dropna().value_counts()
    listed: list[dict[str, Any]] = [
        {"license": str(name), "films": int(k), "forbids": forbidden(str(name))} for name, k in counts.items()
    ]
    figures: dict[str, Any] = {"films": n, "unknown": unknown, "licences": listed}
    if unknown == n:
        return DataResult(
            "CANNOT TELL", "No film's licence is known: nothing shows that these films may be used.", figures
        )
    by_use = {use: sum(one["films"] for one in listed if use in one["forbids"]) for use in FORBIDS}
    figures["forbidding"] = by_use
    parts = [f"{use} of {count:,}" for use, count in by_use.items() if count]
    findings = [
        f"{one['license']}: {one['films']} films, forbids {', '.join(one['forbids'])}"
        for one in listed
        if one["forbids"]
    ]
    if unknown:
        findings.append(f"no licence: {unknown} films; without one, nothing is permitted")
    if not parts and not unknown:
        return DataResult("PASS", f"No licence of the {n:,} films forbids a use by its words.", figures)
    forbid = (
        f"Licences forbid {', '.join(parts)} of {n:,} films"
        if parts
        else f"Licences of {n - unknown:,} films forbid nothing"
    )
    none = f"; {unknown:,} films have none" if unknown else ""
    return DataResult(
        "WARN", f"{forbid}{none}.", figures, tuple(findings), ("read from the licences' words; no legal advice",)
    )


def forbidden(licence: str) -> list[str]:
    """What a licence forbids, by its words."""
    if re.search(r"no restriction|public domain|\bcc0\b", licence, re.I):
        return []
    return [use for use, words in FORBIDS.items() if words.search(licence.replace("_", " "))]
