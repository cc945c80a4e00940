"""The evidence of a run: what is in it, that nothing names a patient, and that any change is seen."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepcovid.cli import app
from deepcovid.errors import RunError
from deepcovid.reporting.checklists import CHECKLISTS, OPEN, filled, items_of
from deepcovid.reporting.content import NOT_AUDITED
from deepcovid.runs.audit import AuditWishes, audit_path
from deepcovid.runs.evidence import verify_bundle, write_evidence
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import train
from deepcovid.training.recipe import load_recipe
from tests.conftest import make_table
from tests.runs.pictures import blank_pictures


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run on classes of two sources."""
    pytest.importorskip("torch")
    films = make_table(tmp_path_factory.mktemp("films"), patients=135, separate_sources=True)
    demo = load_recipe("small")
    tiny = replace(
        demo, preprocessing=replace(demo.preprocessing, size=(48, 48)), trainable="head", epochs=2, early_stopping=None,
        keep="last",
    )  # fmt: skip
    settings = Settings(device="cpu", threads=1, allow_random_backbone=True)
    with blank_pictures():
        return train(films, recipe=tiny, out=tmp_path_factory.mktemp("runs") / "run", settings=settings).folder


def test_numbers_of_the_checklists_are_those_of_the_publications() -> None:
    claim, tripod = (items_of(one) for one in CHECKLISTS)
    assert [one.item for one in claim] == [str(number) for number in range(1, 45)]
    assert len(tripod) == 52
    assert {one.item.rstrip("abcdefg") for one in tripod} == {str(number) for number in range(1, 28)}


def test_what_is_not_known_is_for_the_author() -> None:
    text = filled(CHECKLISTS[0], {"question": "a | b"})
    assert "a \\| b" in text
    assert text.count(f"**{OPEN}**") == 44 - 2 + 1  # two items are filled by it; the legend names the mark once
    assert "2 of 44 items" in text


def test_every_run_has_its_evidence(run: Path) -> None:
    folder = run / "evidence"
    assert (
        verify_bundle(run / "evidence.zip").problems
        == verify_bundle(folder).problems
        == verify_bundle(run).problems
        == ()
    )
    named = {path.name for path in folder.iterdir()}
    assert {"CLAIM.md", "TRIPOD_AI.md", "DATA_SHEET.md", "LICENCES.md", "ENVIRONMENT.json", "MODEL_CARD.md"} <= named
    assert "270 of 270 films have no licence" in (folder / "LICENCES.md").read_text()
    with zipfile.ZipFile(run / "evidence.zip") as archive:
        assert {*archive.namelist()} == named


def test_no_patient_is_named(run: Path) -> None:
    for path in (run / "evidence").glob("*.md"):
        assert "p00" not in path.read_text(), path.name


def test_the_same_run_gives_the_same_bytes(run: Path) -> None:
    before = (run / "evidence.zip").read_bytes()
    write_evidence(run)
    assert (run / "evidence.zip").read_bytes() == before


def test_a_change_is_seen(run: Path, tmp_path: Path) -> None:
    for name in ("altered", "missing", "more"):
        folder = tmp_path / name
        folder.mkdir()
        for path in (run / "evidence").iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
    (tmp_path / "altered" / "CLAIM.md").write_text("better")
    (tmp_path / "missing" / "LICENCES.md").unlink()
    (tmp_path / "more" / "praise.md").write_text("98 %")
    assert verify_bundle(tmp_path / "altered").problems == ("CLAIM.md was altered",)
    assert verify_bundle(tmp_path / "missing").problems == ("LICENCES.md is missing",)
    assert verify_bundle(tmp_path / "more").problems == ("praise.md is not in MANIFEST.json",)
    manifest = json.loads((tmp_path / "more" / "MANIFEST.json").read_text())
    (tmp_path / "more" / "praise.md").unlink()
    (tmp_path / "more" / "MANIFEST.json").write_text(json.dumps(manifest | {"detector": "0" * 64}))
    assert any("another detector" in problem for problem in verify_bundle(tmp_path / "more").problems)
    done = CliRunner().invoke(app, ["verify", str(tmp_path / "altered"), "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["whole"] is False


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.zip"):
        with pytest.raises(RunError, match="evidence"):
            verify_bundle(path)
    (tmp_path / "bad.zip").write_bytes(b"PK no")
    with pytest.raises(RunError, match="this zip is damaged"):
        verify_bundle(tmp_path / "bad.zip")
    (tmp_path / "note.txt").write_text("a note")
    with pytest.raises(RunError, match="this file is no bundle of evidence: it is no zip"):
        verify_bundle(tmp_path / "note.txt")
    with pytest.raises(RunError, match="no finished run"):
        write_evidence(tmp_path)


def test_an_audit_speaks_first_in_report_card_and_evidence(run: Path) -> None:
    for _ in range(2):  # a second audit takes the place of the first
        audited, folder = audit_path(run, None, wishes=AuditWishes(tests=("source",), workers=1))
    assert folder == run
    sentence = audited.report["sentence"]
    assert sentence.startswith("Not shown to read the disease.")
    page, card = (run / "report.html").read_text(), (run / "MODEL_CARD.md").read_text()
    assert page.count("Audit: FAIL") == card.count("Audit: FAIL") == 1
    assert page.index("Audit: FAIL") < page.index('aria-label="Warnings"')
    assert card.index("Audit: FAIL") < card.index("## Model details")
    for text in (page, card):
        assert text.count("1 question: FAIL in 1; failed: 1 (source).".replace(" ", "\u00a0", 1)) == 1
        assert NOT_AUDITED not in text
    assert "Audit: FAIL" in (run / "evidence" / "MODEL_CARD.md").read_text()
    assert "Not shown to read the disease" in (run / "evidence" / "CLAIM.md").read_text()
    assert verify_bundle(run).problems == ()
