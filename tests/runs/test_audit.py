"""An audit as a whole: which films are tested, what is written, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from deepcovid.cli import app
from deepcovid.datasets.table import load_table
from deepcovid.errors import DetectorError, TableError, UnknownNameError
from deepcovid.models.torchvision_import import import_torchvision
from deepcovid.runs.audit import AuditWishes, audit_detector, audit_path, make_case, write_audit
from deepcovid.runs.audit_words import may_say_detects
from deepcovid.storage import read_json
from tests.audit.detector.stubs import RuleClassifier
from tests.conftest import make_table

BLOB = RuleClassifier(lambda film: float(film[len(film) // 2 :].mean()))
ONE = AuditWishes(tests=("source",), workers=1)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_table(tmp_path_factory.mktemp("films"), patients=60)


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_table(tmp_path_factory.mktemp("apart"), patients=60, separate_sources=True)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """torchvision's SqueezeNet as an ONNX file, and the JSON file that says how a film becomes its input."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    net = import_torchvision().models.squeezenet1_1(num_classes=2).eval()
    folder = tmp_path_factory.mktemp("stranger")
    model, how = folder / "theirs.onnx", folder / "input.json"
    torch.onnx.export(net, (torch.zeros(1, 3, 64, 64),), dynamo=True, verbose=False).save(str(model))
    how.write_text(
        json.dumps({"size": [64, 64], "classes": ["normal", "covid"], "positive": "covid", "activation": "softmax"})
    )
    return model, how


def with_split(path: Path, where: Path) -> Path:
    frame = pd.read_csv(path)
    number = frame["patient"].str[1:].astype(int)
    frame["split"] = np.where(number % 10 < 4, "train", np.where(number % 10 < 5, "val", "test"))
    target = path.with_name(where.name)
    frame.to_csv(target, index=False)
    return target


def test_classes_of_two_sources_bar_the_word_detects(apart: Path) -> None:
    audited = audit_detector(BLOB, apart, wishes=ONE)
    assert audited.verdict == "FAIL"
    assert audited.report["sentence"].startswith("Not shown to read the disease.")
    assert not may_say_detects(audited.report)
    test = audited.report["tests"][0]
    assert test["kinds"] == ["source"]
    assert test["figures"]["auc"]["all test films"]["unit"] == "patient"


def test_a_shared_source_shows_the_detector_within_each(films: Path) -> None:
    audited = audit_detector(BLOB, films, wishes=ONE)
    shown = audited.report["tests"][0]["figures"]["auc"]
    assert set(shown) == {"all test films", "within north", "within south"}
    assert all(figure["value"] > 0.9 for figure in shown.values())
    assert may_say_detects(audited.report)


def test_the_test_side_is_tested_and_training_known(films: Path, tmp_path: Path) -> None:
    table = load_table(with_split(films, tmp_path / "split.csv"))
    case, notes = make_case(BLOB, table, wishes=ONE)
    assert case.tested.sum() == 60
    assert case.trained.sum() == 48
    assert not set(case.patient[case.tested]) & set(case.patient[case.trained])
    assert notes == []


def test_films_of_trained_patients_are_not_tested(films: Path) -> None:
    table = load_table(films)
    before = table.frame[table.frame["patient"] < "p020"]
    case, notes = make_case(BLOB, table, wishes=ONE, trained_on=before)
    assert case.tested.sum() == 80
    assert any("40 films of patients" in note for note in notes)


def test_a_film_that_cannot_be_read_is_listed_and_the_rest_audited(tmp_path: Path) -> None:
    path = make_table(tmp_path, patients=60)
    (tmp_path / "images" / "p003-0.png").write_bytes(b"no film")
    audited = audit_detector(BLOB, path, wishes=ONE)
    assert audited.report["films"]["tested"] == 119
    assert any("p003-0.png" in note for note in audited.report["notes"])


def test_looks_are_kept_and_equal(films: Path, tmp_path: Path) -> None:
    calls = []
    counting = RuleClassifier(lambda film: calls.append(1) or float(film.mean()))  # type: ignore[func-returns-value]
    wishes = AuditWishes(tests=("source",), workers=1, cache=tmp_path)
    first = audit_detector(counting, films, wishes=wishes).report
    assert len(calls) == 120
    again = audit_detector(counting, films, wishes=wishes).report
    assert len(calls) == 120
    assert [first[key] == again[key] for key in ("tests", "sentence", "films")] == [True] * 3


def test_too_few_films_are_refused_before_one_is_looked_at(films: Path) -> None:
    looked = []
    counting = RuleClassifier(lambda film: looked.append(1) or float(film.mean()))  # type: ignore[func-returns-value]
    with pytest.raises(
        TableError, match=r"0 patients have test films labelled Covit.*did you mean 'covid'.*covid \(20\)"
    ):
        audit_detector(counting, films, wishes=AuditWishes(positive="Covit", tests=("source",)))
    few = load_table(films)
    few = few.with_frame(few.frame[few.frame["patient"] < "p010"].reset_index(drop=True))
    with pytest.raises(
        TableError, match=r"an audit needs 8 of either.*by label: covid \(4\), normal \(3\), other \(3\)"
    ):
        audit_detector(counting, few, wishes=ONE)
    assert looked == []


def test_films_that_cannot_be_read_are_counted_afterwards(tmp_path: Path) -> None:
    path = make_table(tmp_path, patients=24)
    for film in (tmp_path / "images").glob("p003-*.png"):
        film.write_bytes(b"no film")
    with pytest.raises(TableError, match=r"7 patients .*, without 2 films that cannot be read; an audit needs 8"):
        audit_detector(BLOB, path, wishes=ONE)


def test_unknown_tests_and_columns_are_refused_with_what_there_is(films: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'source'"):
        audit_path(tmp_path / "none", films, wishes=AuditWishes(tests=("sourc",)))
    with pytest.raises(TableError, match=r"no column 'lable' \(there are: image, .*did you mean 'label'"):
        audit_detector(BLOB, load_table(films), wishes=AuditWishes(label_column="lable"))
    with pytest.raises(TableError, match=r"did you mean 'patient'.*--source-column"):
        audit_detector(BLOB, films, wishes=AuditWishes(source_column="patients"))


def test_some_questions_do_not_write_over_an_audit_of_more(
    apart: Path, stranger: tuple[Path, Path], tmp_path: Path
) -> None:
    model, how = stranger
    asked = AuditWishes(tests=("source", "label-permutation"), workers=1, lungs=False, cache=tmp_path / "cache")
    places = [
        audit_path(model, apart, how=how, wishes=replace(asked, tests=tests), out=tmp_path / "out")[1]
        for tests in (("source",), asked.tests, ("source",))
    ]
    assert places == [tmp_path / "out", tmp_path / "out", tmp_path / "out" / "part"]
    assert len(read_json(tmp_path / "out" / "audit.json")["tests"]) == 2
    assert len(read_json(tmp_path / "out" / "part" / "audit.json")["tests"]) == 1


def test_what_is_no_detector_is_said_first(films: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("a note")
    with pytest.raises(DetectorError, match="this is no ONNX model"):
        audit_path(note, films, wishes=ONE)
    with pytest.raises(DetectorError, match="there is no such file or folder"):
        audit_path(tmp_path / "none", films, wishes=ONE)


def test_what_is_written_says_the_same(apart: Path, tmp_path: Path) -> None:
    audited = audit_detector(BLOB, apart, wishes=ONE)
    write_audit(audited, tmp_path)
    assert json.loads((tmp_path / "audit.json").read_text())["sentence"] == audited.report["sentence"]
    page = (tmp_path / "audit.html").read_text()
    assert page.index("Not shown to read the disease") < page.index("<main")
    assert (tmp_path / "figures" / "audit-source.png").read_bytes()[:4] == b"\x89PNG"


def test_a_strangers_model_is_audited_by_one_command(apart: Path, stranger: tuple[Path, Path]) -> None:
    model, how = stranger
    words = ["audit", str(model), str(apart), "--preprocessing", str(how)]
    done = CliRunner().invoke(app, [*words, "--test", "1", "--json", "-", "--quiet"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["verdict"] == "FAIL"
    assert (model.parent / "theirs.audit" / "audit.html").is_file()
