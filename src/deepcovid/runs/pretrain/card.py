"""The card of pretrained weights: what they are, what they were made from and how, what probes say, what they are not for."""

from __future__ import annotations

from typing import Any

HEAD = """# {network}, pretrained on chest films

Weights of a backbone without a head, to start a training from: `deepcovid train TABLE --recipe RECIPE --weights {given}`.
They find no disease by themselves.

| | |
|---|---|
| file | `{file}`, {bytes:,} bytes, kept as {kept} |
| SHA-256 | `{sha256}` |
| network | {network}, films of {size} × {size} pixels |
| methods | {methods} |
| steps | {steps} of {batch_size} films, seed {seed}, AdamW, one cycle up to {learning_rate:g} |
| films varied | {variation} |
| started from | {start} |
| made by | deepcovid {version}, `{command}`{device} |

## What it was made from

{films:,} films of {patients:,} patients of {table_films:,} films in the table
(licences let in: {licences}; {permitted_films:,} films), and {phantoms:,} phantoms of this package,
{phantom_share:.0%} of each batch.
The list of films by their SHA-256 is `{list_file}`; the hash of the list is `{list_hash}`.

{rule}

| source | licence | films |
|---|---|---|
"""

RULE_ALL = "All patients that licences let in were learnt from; none was kept for measuring."
RULE = (
    'Learnt from are the patients whose number (the first 48 bits of the SHA-256 of "{purpose} " and the id '
    '["SOURCE", "PATIENT"], or ["person", "", "PERSON"] where that column is filled, as a share of 1) is below {share:g}; '
    "the other {kept:,} films were kept for measuring. The rule depends on these cells of the table alone."
)
TARGETS = """
## What was told of the films

A target that a source never has, or that nearly all its films have, is unknown for its films and left out of the loss.
{asked}

| target | films with | films without | phantoms with | phantoms without |
|---|---|---|---|---|
"""
PROBES = """
## What linear probes say

AUC of a logistic regression on the mean of the feature maps, five folds by patient, on {films:,} films {whose}; 95 % interval
over patients. Before: the backbone as it started.

| question | before | after |
|---|---|---|
"""
NO_PROBES = """
## What linear probes say

Nothing: the table tells neither view, sex nor findings of enough patients.
"""
LIMITS = """
## Limits

- A backbone carries what its films have in common: a source, an age, a view. A detector on top of it needs its own
  audit (`deepcovid audit`).
- Probes that are asked of patients that were learnt from flatter; the table above says which they are.
- For research and teaching; no medical device.
"""


def card_of(facts: dict[str, Any], *, given: str = "PATH", list_file: str = "films.csv") -> str:
    """MODEL_CARD.md from the facts of run.json.

    Args:
        facts: of the run.
        given: what `--weights` takes for these numbers.
        list_file: where the films are listed.
    """
    told, plan = facts["material"], facts["plan"]
    return "\n".join(
        [
            HEAD.format(
                **{**plan, **told, **_share(plan, told), "methods": _methods(plan["methods"]), "rule": _rule(facts)},
                **{key: facts[key] for key in ("file", "bytes", "kept", "sha256", "start", "version", "command")},
                device=_device(facts),
                list_hash=facts["list_hash"],
                list_file=list_file,
                given=given,
            ).rstrip("\n"),
            *(
                f"| {row['source'] or 'unknown'} | {row['license'] or 'unknown'} | {row['films']:,} |"
                for row in told["sources"]
            ),
            *_told(plan["methods"], told["targets"], told["film_targets"]),
            _probes(facts["probes"]),
            LIMITS,
        ]
    )


def _share(plan: dict[str, Any], told: dict[str, Any]) -> dict[str, float]:
    """What each batch had of phantoms: nothing where none was drawn."""
    return {"phantom_share": plan["phantom_share"] if told["phantoms"] else 0.0}


def _device(facts: dict[str, Any]) -> str:
    """Where it was made; older records do not say."""
    device = facts.get("machine", {}).get("device")
    return f", on {device}" if device else ""


def _methods(methods: dict[str, float]) -> str:
    from deepcovid.training.pretrain import METHODS

    return "; ".join(f"{weight:g} × `{name}` ({METHODS[name].paper})" for name, weight in methods.items())


def _rule(facts: dict[str, Any]) -> str:
    share, kept = facts["plan"]["share"], facts["material"]["kept_for_measuring"]
    return RULE_ALL if share >= 1 else RULE.format(purpose=facts["purpose"], share=share, kept=kept)


def _told(methods: dict[str, float], counts: dict[str, dict[str, int]], real: dict[str, dict[str, int]]) -> list[str]:
    """The targets with their counts, and of which films they were asked."""
    if "tasks" in methods:
        asked = "They were asked of all films."
    elif "phantoms" in methods:
        asked = "They were asked of phantoms alone, but for the age: no label of a real film was learnt from."
    else:
        return ["\n## What was told of the films\n\nNothing: these methods ask no label."]
    return [TARGETS.format(asked=asked).rstrip("\n"), *_targets(counts, real)]


def _targets(counts: dict[str, dict[str, int]], real: dict[str, dict[str, int]]) -> list[str]:
    rows = []
    for name, whole in counts.items():
        of_films = real.get(name, {})
        if "known" in whole:
            cells = [of_films.get("known", 0), "", whole["known"] - of_films.get("known", 0), ""]
            name = f"{name}, known"
        else:
            sides = ("with", "without")
            cells = [
                *(of_films.get(side, 0) for side in sides),
                *(whole[side] - of_films.get(side, 0) for side in sides),
            ]
        rows.append(f"| {name} | " + " | ".join(f"{cell:,}" if cell != "" else "" for cell in cells) + " |")
    return rows


def _probes(probes: dict[str, Any]) -> str:
    if not probes["after"]:
        return NO_PROBES
    whose = "of patients that were not learnt from" if probes["held_out"] else "of all patients, learnt from or not"
    rows = [
        f"| {name} | {_area(probes['before'].get(name))} | {_area(after)} |" for name, after in probes["after"].items()
    ]
    return "\n".join([PROBES.format(films=probes["films"], whose=whose).rstrip("\n"), *rows])


def _area(area: dict[str, Any] | None) -> str:
    if area is None:
        return "not asked"
    return f"{area['value']:.3f} ({area['low']:.3f}–{area['high']:.3f}; {area['n']} {area['unit']}s)"
