"""The films of a reproduction: a table as it is, or the films of COVID-19 of a snapshot beside negatives of another table."""

from __future__ import annotations

from pathlib import Path

from deepcovid.datasets.columns import KNOWN_COLUMNS
from deepcovid.datasets.covid_xray_5k import build_covid_xray_5k
from deepcovid.datasets.joining import together
from deepcovid.datasets.splits import split_table
from deepcovid.datasets.table import Table, load_table
from deepcovid.errors import TableError

TRAIN_SHARE = 0.4  # of the negatives: 2,000 of 5,000 in the paper


def snapshot_with_negatives(
    covid: Path | str, negatives: Path | str, *, source: str | None = None, positive: str = "covid", seed: int = 0
) -> Table:
    """COVID-Xray-5k's positives from a copy of covid-chestxray, and negatives from any table, by patient.

    Args:
        covid: a copy of covid-chestxray at commit 2a99173.
        negatives: a table of films; rows labelled `positive` are left out.
        source: take the rows of this source only.
        positive: the label of COVID-19.
        seed: of both divisions.

    Raises:
        TableError: no negatives are left.
    """
    built = build_covid_xray_5k(covid, negatives=None, seed=seed)
    table = load_table(negatives, allow_outside=True)
    frame = table.frame[table.frame["label"].notna() & (table.frame["label"] != positive)]
    if source is not None:
        frame = frame[frame["source"] == source] if "source" in frame else frame.iloc[:0]
    if frame.empty:
        raise TableError(
            "no film is left for the negative class",
            path=table.path,
            mend="give a table with films of other labels, or another --negative-source",
        )
    sides = {"train": TRAIN_SHARE, "test": 1 - TRAIN_SHARE}
    plain = table.with_frame(frame.drop(columns="split", errors="ignore").reset_index(drop=True))
    divided = split_table(plain, fractions=sides, seed=seed)
    kept = [name for name in KNOWN_COLUMNS if not name.endswith("_mask")]
    parts = [(built.table.folder, built.table.frame), (divided.folder, divided.frame)]
    note = f"{len(built.table)} films of COVID-19 from the snapshot, {len(divided)} others from {Path(negatives).name}"
    return together(parts, columns=kept, notes=(*built.table.notes, note))
