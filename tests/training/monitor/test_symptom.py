"""The registry of symptoms."""

from __future__ import annotations

from deepcovid.training.monitor.symptom import symptoms
from tests.conftest import ROOT


def test_every_symptom_has_its_rule_and_its_row_in_the_documentation() -> None:
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    assert len(symptoms()) == 8
    for one in symptoms():
        assert one.rule.endswith(".")
        assert f"| `{one.name}` |" in page


def test_every_symptom_is_a_file_of_its_name() -> None:
    folder = ROOT / "src" / "deepcovid" / "training" / "monitor"
    named = {one.name.replace("-", "_") for one in symptoms()} - {"labels_in_the_wrong_shape"}
    assert named | {"labels"} <= {path.stem for path in folder.glob("*.py")}
