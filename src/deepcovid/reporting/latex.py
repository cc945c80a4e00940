"""Tables as LaTeX: plain `tabular`s that compile without a package, every name escaped."""

from __future__ import annotations

from collections.abc import Sequence

from deepcovid.reporting.tables import Table

# what LaTeX takes for a command, and signs that a font without Unicode lacks
SIGNS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    '"': "''",
    "\u00a0": "~",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≥": r"$\ge$",
    "≤": r"$\le$",
    "⁶": "$^6$",
    "’": "'",
}


def escaped(text: str) -> str:
    """The text with everything that LaTeX would read as a command made harmless; line breaks become spaces."""
    return "".join(SIGNS.get(letter, letter if letter.isprintable() else " ") for letter in text)


def latex_table(table: Table) -> str:
    """A table as a `tabular` between \\hline's, its caption and note as comments before and after it."""
    cells = [[cell.text for cell in row] for row in table.rows]
    head = list(table.head) or [""] * len(cells[0])
    numbers = [cell.number for cell in table.rows[0]]
    places = "".join("r" if number else "l" for number in numbers)
    lines = [f"% {_comment(table.caption)}", rf"\begin{{tabular}}{{{places}}}", r"\hline", _row(head), r"\hline"]
    lines += [_row(row) for row in cells]
    lines += [r"\hline", r"\end{tabular}"]
    return "\n".join([*lines, *([f"% {_comment(table.note)}"] if table.note else [])]) + "\n"


def latex_tables(tables: Sequence[Table]) -> str:
    """Several tables, ready for \\input{}."""
    return "\n".join(latex_table(table) for table in tables)


def _row(cells: Sequence[str]) -> str:
    # a row that begins with a bracket would be read as an argument of the \\ before it
    return "{} " + " & ".join(escaped(cell) for cell in cells) + r" \\"


def _comment(text: str) -> str:
    return " ".join(text.split())
