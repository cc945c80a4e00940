"""What can be mended in a table without choosing: one film is one patient's, and an exact copy stands once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.audit.conflicting_labels import contradictions
from deepcovid.audit.data_test import Subject
from deepcovid.datasets.columns import SPLITS, group_ids, text_column
from deepcovid.datasets.duplicates import Pair
from deepcovid.datasets.splits import split_table
from deepcovid.datasets.table import Table, save_table
from deepcovid.errors import TableError
from deepcovid.progress import Progress
from deepcovid.runs.check import Examined, examine
from deepcovid.storage import sha256_file, write_json

FORMAT = 1


@dataclass(eq=False)
class Fixed:
    """What was done to a table.

    Attributes:
        frame: the new rows, by the row numbers of the old table.
        changes: one a cell or row: row, image, change, old, new, reason.
        said: sentences that sum it up.
        left: what was found and not mended, sentences.
    """

    frame: pd.DataFrame
    changes: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def log_path(out: Path) -> Path:
    """Where the log of a new table stands: beside it, `<name>.fixes.json`."""
    return out.with_name(f"{out.stem}.fixes.json")


def fix_table(
    path: Path | str,
    *,
    out: Path | str,
    resplit: bool = False,
    label_column: str = "label",
    allow_outside: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> Fixed:
    """Write a new table and its log; the old one is not touched, and no label is ever chosen.

    Args:
        path: the table.
        out: the new table.
        resplit: whether to split anew, by patient and in the same shares, where joined patients stand on two sides.
        label_column: the column that holds the class.
        allow_outside: whether films may lie outside the table's folder.
        seed: of the new split.
        progress: told of films and comparisons.

    Raises:
        TableError: as `check_table`.
    """
    path, out = Path(path), Path(out)
    if out.suffix.lower() not in {".csv", ".parquet"}:
        raise TableError(f"a table is written as .csv or .parquet, not {out.suffix!r}", path=out, mend="rename it")
    examined = examine(path, label_column=label_column, allow_outside=allow_outside, progress=progress)
    fixed = Fixed(examined.cells.frame.copy())
    joined = _join_patients(fixed, examined.subject)
    _drop_copies(fixed, examined.subject)
    _mend_sides(fixed, joined, examined, resplit=resplit, seed=seed)
    fixed.left[:0] = _contradictions(examined.subject)
    if not fixed.said:
        fixed.said.append("nothing had to be mended")
    save_table(Table(frame=fixed.frame, folder=path.parent), out, allow_outside=allow_outside)
    write_json(log_path(out), _log(fixed, examined, out))
    return fixed


def _join_patients(fixed: Fixed, subject: Subject) -> list[list[int]]:
    """Give films that are one a single patient; the positions of the rows of each patient so joined."""
    groups = group_ids(subject.frame)
    duplicates = [pair for pair in subject.pairs.pairs if pair.duplicate]
    unions = _unions(groups, duplicates)
    places_of = pd.Series(range(len(groups))).groupby(groups.to_numpy()).indices
    union_of = {name: number for number, members in enumerate(unions) for name in members}
    why: dict[int, Pair] = {}
    for pair in duplicates:
        if groups.iloc[pair.a] != groups.iloc[pair.b]:
            why.setdefault(union_of[groups.iloc[pair.a]], pair)
    taken = Counter([*subject.column("patient").dropna(), *subject.column("person").dropna()])
    joined = []
    for number, members in enumerate(unions):
        places = sorted(int(place) for name in members for place in places_of[name])
        _rename(fixed, subject, places, _reason(subject, why[number]), taken)
        joined.append(places)
    if joined:
        cells = sum(change["change"] == "patient" for change in fixed.changes)
        several = f"{_counted(len(joined), 'person')} stood under several patients"
        fixed.said.append(f"{several}, now under one ({_counted(cells, 'patient cell')} changed)")
    return joined


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _unions(groups: pd.Series, pairs: Iterable[Pair]) -> list[set[str]]:
    """Groups that share a film, directly or through others; those of one group alone are left out."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for pair in pairs:
        parent[root(groups.iloc[pair.b])] = root(groups.iloc[pair.a])
    members: dict[str, set[str]] = {}
    for name in parent:
        members.setdefault(root(name), set()).add(name)
    order = {name: place for place, name in reversed(list(enumerate(groups)))}
    return sorted(
        (group for group in members.values() if len(group) > 1), key=lambda group: min(order[n] for n in group)
    )


def _reason(subject: Subject, pair: Pair) -> str:
    a, b = subject.film(pair.a), subject.film(pair.b)
    how = "equal files" if pair.exact else f"correlation {pair.correlation:.3f}, {pair.transform}"
    return f"one film in row {a['row']} ({a['image']}) and row {b['row']} ({b['image']}): {how}"


def _rename(fixed: Fixed, subject: Subject, places: Sequence[int], reason: str, taken: Counter[str]) -> None:
    """One patient for these rows; where they are of several sources, one person as well."""
    name = _free_name(subject, places, taken)
    sources = {None if pd.isna(cell) else cell for cell in subject.column("source").iloc[list(places)]}
    _write(fixed, subject, places, "patient", name, reason)
    if len(sources) > 1 or subject.column("person").iloc[list(places)].notna().any():
        _write(fixed, subject, places, "person", name, reason)


def _free_name(subject: Subject, places: Sequence[int], taken: Counter[str]) -> str:
    """The first row's patient, changed if somebody else has that name in any source, or was just given it."""
    patients, persons = (subject.column(name).iloc[list(places)].dropna() for name in ("patient", "person"))
    facts = subject.films.facts[places[0]]
    name = str(patients.iloc[0]) if len(patients) else f"film-{facts.sha256[:12] if facts else places[0]}"
    own = Counter([*patients, *persons])
    while taken[name] > own[name]:
        name += "-joined"
    taken[name] += len(subject.frame)  # more than any other can own
    return name


def _write(fixed: Fixed, subject: Subject, places: Iterable[int], column: str, value: str, reason: str) -> None:
    """Set cells of a column, which is made where it is absent, and log those that change."""
    columns = list(fixed.frame.columns)
    if column not in columns:
        after = columns.index("patient") + 1 if "patient" in columns else 1
        fixed.frame.insert(after, column, pd.Series(None, index=fixed.frame.index, dtype="str"))
    for place in places:
        row = subject.row(place)
        old = _text(fixed.frame.loc[row, column])
        if old != value:
            fixed.frame.loc[row, column] = value
            fixed.changes.append(_change(fixed.frame, row, column, old, value, reason))


def _text(cell: Any) -> str | None:
    return None if pd.isna(cell) else str(cell)


def _change(frame: pd.DataFrame, row: int, what: str, old: Any, new: Any, reason: str) -> dict[str, Any]:
    image = _text(frame.loc[row, "image"])
    return {"row": row, "image": image, "change": what, "old": old, "new": new, "reason": reason}


def _drop_copies(fixed: Fixed, subject: Subject) -> None:
    """Drop rows whose file equals an earlier row's byte by byte, where the labels are equal too."""
    first: dict[tuple[str, str | None], int] = {}
    dropped = []
    for place, facts in enumerate(subject.films.facts):
        if facts is None:
            continue
        before = first.setdefault((facts.sha256, _text(subject.labels.iloc[place])), place)
        if before != place:
            dropped.append(subject.row(place))
            reason = f"the file equals that of row {subject.row(before)} byte by byte, and so does the label"
            cells = fixed.frame.loc[subject.row(place)]
            old = {str(name): _text(cell) for name, cell in cells.items()}
            fixed.changes.append(_change(fixed.frame, subject.row(place), "dropped", old, None, reason))
    fixed.frame = fixed.frame.drop(index=dropped)
    if dropped:
        fixed.said.append(
            f"exact copies were dropped: {_counted(len(dropped), 'row')} "
            f"({', '.join(map(str, dropped[:20]))}{' …' * (len(dropped) > 20)})"
        )


def _mend_sides(fixed: Fixed, joined: Sequence[Sequence[int]], examined: Examined, *, resplit: bool, seed: int) -> None:
    """Say where a joined patient stands on two sides of the split; split anew if that is wanted."""
    split = text_column(fixed.frame, "split")
    kept = set(fixed.frame.index)
    rows = [[examined.subject.row(place) for place in places] for places in joined]
    torn = [one for one in rows if split.loc[[row for row in one if row in kept]].dropna().nunique() > 1]
    if not torn:
        return
    told = f"{_counted(len(torn), 'joined patient')} on two sides of the split"
    if not resplit:
        fixed.left.append(f"{told}: split anew with deepcovid data split, or run data fix with --resplit")
        return
    shares = split[split.isin(SPLITS)].value_counts(normalize=True)
    fractions = {side: float(shares.get(side, 0.0)) for side in SPLITS}
    table = Table(frame=fixed.frame, folder=examined.path.parent)
    new = split_table(
        table, fractions=fractions, label_column=examined.subject.label_column, seed=seed, overwrite=True
    ).frame["split"]
    for row in fixed.frame.index[(new != split).to_numpy()]:
        old = _text(split[row])
        fixed.changes.append(
            _change(fixed.frame, row, "split", old, str(new[row]), f"{told}, so the table was split anew")
        )
    fixed.frame = fixed.frame.assign(split=new)
    shown = ", ".join(f"{side} {share:.0%}" for side, share in fractions.items() if share)
    fixed.said.append(f"{told}: the table was split anew, by patient, in its own shares ({shown}; seed {seed})")


def _contradictions(subject: Subject) -> list[str]:
    found = []
    for pair in contradictions(subject):
        a, b = subject.film(pair.a), subject.film(pair.b)
        found.append(
            f"row {a['row']} ({a['label']}) and row {b['row']} ({b['label']}) are one film with two labels: keep the right one"
        )
    return found


def _log(fixed: Fixed, examined: Examined, out: Path) -> dict[str, Any]:
    kinds = ("patient", "person", "split", "dropped")
    return {
        "format": FORMAT,
        "deepcovid": metadata.version("deepcovid"),
        "table": str(examined.path),
        "table_sha256": sha256_file(examined.path),
        "written": str(out),
        "rows_before": len(examined.cells.frame),
        "rows_after": len(fixed.frame),
        "counts": {kind: sum(change["change"] == kind for change in fixed.changes) for kind in kinds},
        "changes": fixed.changes,
        "left": fixed.left,
    }
