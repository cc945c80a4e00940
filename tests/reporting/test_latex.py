"""LaTeX: no letter of a name can be read as a command, and every row has as many cells as the head."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from deepcovid.reporting.latex import escaped, latex_table, latex_tables
from deepcovid.reporting.tables import Cell, Table

names = st.text(st.characters(codec="utf-8"), max_size=30)


@given(names)
def test_nothing_unescaped_is_left(name: str) -> None:
    text = escaped(name)
    for command in (r"\\[&%$#_{}]", r"\\text\w+\{\}", r"\\(ldots|pm|times|cdot|ge|le)(\{\})?", r"\$[^$]*\$"):
        text = re.sub(command, "", text)
    assert not re.search(r"[&%$#_{}\\^]", text)
    assert "\n" not in text


def test_a_table_is_a_tabular_of_its_cells() -> None:
    table = Table(
        "Side by side", ["run", "AUC"], [[Cell("b_50%", number=False), Cell("0.9\u00a0(0.8–0.95)")]], "A\nnote"
    )
    assert latex_table(table).splitlines() == [
        "% Side by side",
        r"\begin{tabular}{lr}",
        r"\hline",
        r"{} run & AUC \\",
        r"\hline",
        r"{} b\_50\% & 0.9~(0.8--0.95) \\",
        r"\hline",
        r"\end{tabular}",
        "% A note",
    ]
    assert latex_tables([table, table]).count(r"\begin{tabular}") == 2
