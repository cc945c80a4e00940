"""The table that our own weights are learnt from and measured on: that of the films, with one name for each person.

    python benchmarks/xray_films.py ../shared/data/cxr-512 --out runs/xray/table.csv
    deepcovid pretrain runs/xray/table.csv --allow-outside --licences free --share 0.5 --out runs/xray/tasks --method tasks

Near-identical films stand under different patients; as one person they are all learnt from or all kept for measuring.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from deepcovid.datasets.table import Table, load_table, save_table

# of covid-chestxray and Figure 1, and a child of Kermany's that Figure 1 shows as covid
TWINS = (
    ("cohen-78", "cohen-201"),
    ("cohen-97", "cohen-178"),
    ("cohen-192", "cohen-196"),
    ("cohen-36", "figure1-COVID-00022"),
    ("figure1-COVID-00033", "figure1-COVID-00037"),
    ("figure1-COVID-00020", "kermany-person1004"),
)


def with_persons(table: Table) -> Table:
    """The table with a column `person` that names twins alike; it is empty for everyone else."""
    names = {patient: pair[0] for pair in TWINS for patient in pair}
    absent = set(names) - set(table.frame["patient"])
    if absent:
        raise SystemExit(f"not in the table: {', '.join(sorted(absent))}")
    person = table.frame["patient"].map(names)
    return table.with_frame(table.frame.assign(person=person.where(person.notna(), None)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", type=Path, help="the folder with table.csv")
    parser.add_argument("--out", type=Path, required=True, help="the table to write")
    given = parser.parse_args()
    table = with_persons(load_table(given.films / "table.csv"))
    save_table(table, given.out, allow_outside=True)
    print(
        f"{len(table.frame)} films, {int(pd.notna(table.frame['person']).sum())} of them of {len(TWINS)} pairs of twins"
    )


if __name__ == "__main__":
    main()
