"""`deepcovid compare`: tables on the screen, and the same figures as JSON, page, LaTeX and CSV."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from deepcovid.cli import app
from deepcovid.errors import DeepCovidError
from deepcovid.runs.compare import compare_runs
from tests.runs.compared import films, make_run


def test_every_output_holds_the_same_difference(tmp_path: Path) -> None:
    table = films()
    runs = [make_run(tmp_path / name, table, gap=gap, seed=seed) for name, gap, seed in (("a_1", 3, 1), ("b", 1, 2))]
    names = {kind: tmp_path / f"out.{kind}" for kind in ("json", "html", "latex", "csv")}
    options = [word for kind, path in names.items() for word in (f"--{kind}", str(path))]
    done = CliRunner().invoke(app, ["compare", *map(str, runs), *options, "-q"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    told = compare_runs(runs).told
    assert json.loads(names["json"].read_text(encoding="utf-8")) == told
    area = told["pairs"][0]["differences"][0]
    rows = pd.read_csv(names["csv"])
    (found,) = rows.loc[rows["quantity"] == "difference of AUC", "value"]
    assert found == pytest.approx(area["difference"]["value"])
    shown = f"{area['difference']['value']:+.3f}"
    assert shown in done.output
    assert shown in names["html"].read_text(encoding="utf-8")
    assert shown in names["latex"].read_text(encoding="utf-8")
    assert r"a\_1" in names["latex"].read_text(encoding="utf-8")


def test_outputs_are_no_inputs_and_json_can_be_printed(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", films(), gap=2)
    with pytest.raises(DeepCovidError, match="this is an input"):
        CliRunner().invoke(app, ["compare", str(run), "--csv", str(run / "scores.parquet")], catch_exceptions=False)
    done = CliRunner().invoke(app, ["compare", str(run), "--json", "-", "-q"], catch_exceptions=False)
    assert json.loads(done.stdout)["pairs"] == []
