from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from deepcovid.cli import application
from tests.conftest import draw_film, make_table

PLANTED = "Mustermann"


def started(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, which takes a second or more to start."""
    command = [sys.executable, "-m", "deepcovid", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in this process, all the way from `main`: what it prints, and how it ends."""
    command = ["deepcovid", *map(str, arguments)]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", command)
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            application.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def errors(done: subprocess.CompletedProcess[str]) -> str:
    """Standard error in one line, without a traceback."""
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector folder: a small network with random weights, exported as any other."""
    torch = pytest.importorskip("torch")
    from deepcovid.export.onnx import export_network
    from deepcovid.imaging.preprocessing import Preprocessing
    from deepcovid.models.detector import Description, OperatingPoint, write_detector
    from deepcovid.models.network import to_tensors
    from deepcovid.models.zoo import build_network

    small = Preprocessing(size=(48, 48), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    torch.manual_seed(0)
    network = build_network("squeezenet1_1", classes=2, preprocessing=small).eval()
    description = Description(
        network="squeezenet1_1",
        neck="pool",
        classes=("not covid", "covid"),
        positive="covid",
        preprocessing=small,
        operating_points=(
            OperatingPoint(name="sensitivity ≥ 97.5 %", threshold=0.0, chosen_on="validation (9 of 40)"),
        ),
    )
    folder = tmp_path_factory.mktemp("detector")
    return write_detector(
        folder, description=description, graph=export_network(network), weights=to_tensors(network)
    ).folder


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve films, one of them cut off."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(draw_film(rng, positive=number % 2 == 0)).save(folder / f"film-{number:02d}.png")
    broken = folder / "film-05.png"
    broken.write_bytes(broken.read_bytes()[:100])
    return folder


def test_help_names_every_command() -> None:
    done = started("--help")
    assert done.returncode == 0
    for command in ("train", "evaluate", "predict", "demo", "doctor", "recipes", "data", "weights"):
        assert command in done.stdout
    assert "no diagnosis" in " ".join(done.stdout.split())


def test_predict_goes_on_without_the_broken_film_and_lists_it(detector: Path, films: Path, tmp_path: Path) -> None:
    done = started(
        "predict",
        detector,
        films,
        "--no-gate",
        "--csv",
        tmp_path / "s.csv",
        "--json",
        tmp_path / "s.json",
        "--heatmap",
        tmp_path / "h",
    )
    assert done.returncode == 1
    told = errors(done)
    assert "1 film could not be scored" in told
    assert "film-05.png" in told
    rows = list(csv.DictReader((tmp_path / "s.csv").open()))
    assert len(rows) == 12
    assert sum(row["error"] != "" for row in rows) == 1
    assert all(0 <= float(row["score"]) <= 1 for row in rows if not row["error"])
    whole = json.loads((tmp_path / "s.json").read_text())
    assert len(whole["predictions"]) == 11
    assert [entry["image"].endswith("film-05.png") for entry in whole["failed"]] == [True]
    assert "no diagnosis" in whole["notice"]
    assert len(list((tmp_path / "h").glob("*.heat.png"))) == 11
    heat = Image.open(tmp_path / "h" / "film-00.heat.png")
    film = Image.open(films / "film-00.png")
    assert (heat.width >= film.width, heat.height > film.height) == (True, True)  # the strip that says what it is
    assert "not where disease is" in heat.text["Title"]
    assert "film-00" not in " ".join(heat.text.values())


def test_predict_scores_no_picture_that_the_gate_refuses_unless_told_to(detector: Path, tmp_path: Path) -> None:
    """One phantom passes; its negative and a page of nothing get a reason instead of a score."""
    from deepcovid.datasets.phantom import render_phantom

    film = (255 * render_phantom(seed=7).film).astype(np.uint8)
    pictures = {"film": film, "negative": 255 - film, "nothing": np.full_like(film, 200)}
    folder = tmp_path / "films"
    folder.mkdir()
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / f"{name}.png")
    done = run("predict", detector, folder, "--csv", tmp_path / "s.csv", "--json", tmp_path / "s.json")
    assert done.returncode == 1
    told = errors(done)
    assert "2 films were refused and not scored" in told
    assert "negative.png: this looks like a negative" in told
    rows = {Path(row["image"]).stem: row for row in csv.DictReader((tmp_path / "s.csv").open())}
    assert {name: row["gate"] for name, row in rows.items()} == {
        "film": "frontal chest film",
        "negative": "inverted",
        "nothing": "blank",
    }
    assert [row["score"] == "" for row in rows.values()].count(True) == 2
    whole = json.loads((tmp_path / "s.json").read_text())
    assert {entry["reason"] for entry in whole["refused"]} == {"inverted", "blank"}
    assert len(whole["predictions"]) == 1
    forced = run("predict", detector, folder, "--no-gate", "--json", tmp_path / "f.json", "--csv", tmp_path / "f.csv")
    assert forced.returncode == 0
    assert "warning: this looks like a negative" in " ".join(forced.stdout.split())
    reasons = [entry["gate"]["reason"] for entry in json.loads((tmp_path / "f.json").read_text())["predictions"]]
    assert sorted(reasons) == ["blank", "frontal chest film", "inverted"]
    assert {row["gate"] for row in csv.DictReader((tmp_path / "f.csv").open())} == set(reasons)
    assert run("predict", detector, folder / "nothing.png").returncode == 1


def test_predict_names_few_of_the_files_that_it_leaves_out(detector: Path, films: Path, tmp_path: Path) -> None:
    shutil.copy(films / "film-00.png", tmp_path)
    for number in range(7):
        (tmp_path / f"{number}.txt").write_text("a word", encoding="utf-8")
    told = errors(run("predict", detector, tmp_path, "--no-gate"))
    assert "7 files were left out (no film by its name): " in told
    assert "4.txt, … and 2 more (all of them: --json)" in told
    assert "5.txt" not in told


def test_predict_says_what_the_number_is_not_and_what_a_site_says_next(detector: Path, films: Path) -> None:
    film = films / "film-00.png"
    done = run("predict", detector, film, "--no-gate", DEEPCOVID_NEXT_STEP="Ring ward 7.")
    words = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert "called covid: the score" in words
    assert "It is no diagnosis" in words
    assert "next: Ring ward 7." in words
    assert "no need to worry" not in words
    assert "Follow the guidance of the public-health authority" in run("predict", detector, film, "--no-gate").stdout


def test_predict_prints_json_alone(detector: Path, films: Path) -> None:
    done = run("predict", detector, films / "film-00.png", "--no-gate", "--json", "-")
    (prediction,) = json.loads(done.stdout)["predictions"]
    assert prediction["film"]["sha256"]
    assert sum(prediction["probabilities"].values()) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "{here}", "{films}"], "there is no detector.json here"),
        (["predict", "{detector}", "{here}/none.png"], "none.png"),
        (["predict", "{detector}", "{here}"], "no film"),
        (["evaluate", "{here}/none.csv"], "none.csv: there is no such file"),
        (["train", "{here}/none.csv"], "none.csv: there is no such file"),
        (["train", "{here}"], "deepcovid data import"),
        (["audit", "{detector}", "{table}", "--out", "{table}/x"], "a folder is to be written"),
        (["audit", "{detector}", "{table}", "--json", "{here}"], "a file is to be written"),
        (["train", "{table}", "--recipe", "nothing"], "there is no recipe named 'nothing'"),
        (["train", "{table}", "--recipe", "deepcovid-resnet18", "--weights", "none"], "--allow-random-backbone"),
        (["train", "{table}", "--recipe", "deepcovid-resnet18", "--weights", "{here}/no.pth"], "no.pth"),
        (["train", "{table}", "--positive", "flu"], "the labels are: covid (24), normal (24), other (24)"),
        (["train", "{table}", "--label-column", "lable"], "did you mean 'label'"),
        (["train", "{table}", "--recipe", "deepcovid-resnet19"], "did you mean 'deepcovid-resnet18'"),
        (["data", "import", "{here}/none", "--out", "{here}/t.csv"], "none"),
        (["data", "split", "{table}", "--out", "{here}/t.xlsx"], "outside"),
        (["weights", "fetch", "resnet19"], "did you mean 'resnet18'"),
        (["weights", "fetch", "resnet18", "--from", "{here}"], "resnet18-f37072fd.pth"),
    ],
)
def test_errors_name_the_thing_and_the_mend_and_exit_with_2(
    arguments: list[str], words: str, detector: Path, films: Path, drawn_table: Path, tmp_path: Path
) -> None:
    places = {"here": tmp_path, "detector": detector, "films": films, "table": drawn_table}
    done = run(*[argument.format(**places) for argument in arguments])
    assert done.returncode == 2
    told = errors(done)
    assert words in told
    assert "→" in told or "row" in told


def test_without_a_network_the_three_ways_to_weights_are_named(drawn_table: Path, tmp_path: Path) -> None:
    # a process of its own: urllib keeps the proxy of its first request for all later ones
    done = started(
        "train", drawn_table, "--recipe", "deepcovid-squeezenet", "--out", tmp_path / "r",
        https_proxy="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9",
    )  # fmt: skip
    told = errors(done)
    assert done.returncode == 2
    assert "--from" in told
    assert "--weights" in told
    assert "network" in told
    assert not (tmp_path / "r").exists()


def _papers_scores(path: Path) -> Path:
    """40 positives of which 39 are right at 0.5, and 3,000 negatives of which 2,715 are (Deep-COVID, Table III)."""
    positives = [0.9] * 39 + [0.1]
    negatives = [0.2] * 2715 + [0.8] * 285
    labels = ["covid"] * 40 + ["normal"] * 1700 + ["other"] * 1300
    pd.DataFrame({"label": labels, "score": positives + negatives}).to_csv(path, index=False)
    return path


def test_evaluate_gives_the_papers_figures_and_better_ones(tmp_path: Path) -> None:
    path = _papers_scores(tmp_path / "scores.csv")
    done = started("evaluate", path, "--threshold", 0.5, "--json", tmp_path / "e.json", "--html", tmp_path / "e.html")
    assert done.returncode == 0, done.stderr
    evaluation = json.loads((tmp_path / "e.json").read_text())
    point = next(point for point in evaluation["operating_points"] if point["threshold"] == 0.5)
    assert (point["tp"], point["fn"], point["tn"], point["fp"]) == (39, 1, 2715, 285)
    assert point["paper_interval"]["sensitivity"]["halfwidth"] == pytest.approx(0.048, abs=5e-4)
    assert point["paper_interval"]["specificity"]["halfwidth"] == pytest.approx(0.0105, abs=1e-4)
    assert point["sensitivity"]["low"] == pytest.approx(0.8712, abs=1e-4)  # statsmodels, Wilson
    assert evaluation["n_positive"], evaluation["n_negative"] == (40, 3000)
    assert {"threshold_table", "interval"} <= set(evaluation["paper"])
    assert "97.5 %" in done.stdout
    assert "4.8" in done.stdout
    assert "http" not in (tmp_path / "e.html").read_text().replace("http://www.w3.org", "")


def test_evaluate_sets_several_models_side_by_side(tmp_path: Path) -> None:
    first, second = _papers_scores(tmp_path / "one.csv"), _papers_scores(tmp_path / "two.csv")
    done = run("evaluate", first, second, "--json", "-")
    assert set(json.loads(done.stdout)["models"]) == {"one", "two"}


def test_evaluate_takes_zero_and_one_as_labels(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("label,score\n1,0.9\n0,0.2\n1,0.7\n0,0.8\n")
    done = run("evaluate", path, "--json", "-")
    assert json.loads(done.stdout)["auc"]["value"] == 0.75


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("label,score\ncovid,1.5\nother,0.1\n", "row 2"),
        ("label,score\ncovid,high\nother,0.1\n", "row 2"),
        ("lable,score\ncovid,0.5\nother,0.1\n", "label"),
        ("label,score\nflu,0.5\nother,0.1\n", "flu"),
        ("label,score\ncovid,0.5\n", "covid"),
        ("", "empty"),
    ],
)
def test_bad_scores_name_file_and_row(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    done = run("evaluate", path)
    told = errors(done)
    assert done.returncode == 2
    assert "bad.csv" in told
    assert words in told


def test_a_folder_becomes_a_table_and_is_split(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label in ("COVID19", "NORMAL"):
        for number in range(10):
            path = tmp_path / "Data" / label / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draw_film(rng, positive=label == "COVID19")).save(path)
    table = tmp_path / "Data" / "table.csv"
    done = started("data", "import", tmp_path / "Data", "--out", table)
    assert done.returncode == 0, done.stderr
    assert "COVID19: 10 films" in done.stdout
    split = started("data", "split", table, "--out", tmp_path / "Data" / "split.csv")
    assert split.returncode == 0, split.stderr
    assert "patient" in split.stdout, "it says that it cannot promise disjoint patients"
    sides = pd.read_csv(tmp_path / "Data" / "split.csv")["split"]
    assert set(sides) == {"train", "val", "test"}


def test_doctor_and_lists_print_json() -> None:
    found = json.loads(started("doctor", "--json").stdout)
    assert found["machine"]["cores"] >= 1
    assert {"versions", "devices", "extras", "weights", "to do"} <= set(found)
    assert "deepcovid-resnet18" in started("recipes").stdout
    assert any(row["name"] == "resnet18" for row in json.loads(started("weights", "list", "--json").stdout))


def test_a_fault_of_ours_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from deepcovid.cli import application as cli

    def fail() -> None:
        raise ZeroDivisionError("inner matter")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 3
    told = capsys.readouterr().err
    assert "a fault in deepcovid (ZeroDivisionError: inner matter)" in " ".join(told.split())
    assert "Traceback" not in told


def test_no_patient_name_reaches_any_output(detector: Path, tmp_path: Path) -> None:
    from pydicom.data import get_testdata_file
    from pydicom.filereader import dcmread

    dataset = dcmread(get_testdata_file("CT_small.dcm"))
    dataset.PatientName, dataset.PatientID = f"{PLANTED}^Eva", f"{PLANTED}-7"
    dataset.save_as(tmp_path / "film.dcm")
    del dataset.PixelData
    dataset.save_as(tmp_path / "nothing.dcm")
    done = run("predict", detector, tmp_path, "--no-gate", "--json", tmp_path / "p.json", "--csv", tmp_path / "p.csv")
    assert done.returncode == 1
    for text in (done.stdout, done.stderr, (tmp_path / "p.json").read_text(), (tmp_path / "p.csv").read_text()):
        assert PLANTED.lower() not in text.lower()


@pytest.mark.slow
def test_predict_runs_without_torch_and_quickly_on_two_hundred_films(detector: Path, tmp_path: Path) -> None:
    """torch is hidden from the process; of 200 films one is broken and 199 are scored."""
    rng = np.random.default_rng(0)
    (tmp_path / "films").mkdir()
    for number in range(200):
        Image.fromarray(draw_film(rng, positive=False)).save(tmp_path / "films" / f"{number}.png")
    (tmp_path / "films" / "7.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    hide = tmp_path / "hide"
    for name in ("torch", "torchvision", "lightning_fabric", "onnx"):
        (hide / name).mkdir(parents=True)
        (hide / name / "__init__.py").write_text("raise ImportError('hidden')")
    done = started(
        "predict", detector, tmp_path / "films", "--no-gate", "--csv", tmp_path / "s.csv", PYTHONPATH=str(hide)
    )
    assert done.returncode == 1
    assert "199 films; the 20 highest scores:" in done.stdout
    assert any(
        line.startswith("200 films: ") and line.endswith(", 1 could not be scored") for line in done.stdout.splitlines()
    )
    assert "7.png" in errors(done)
    with (tmp_path / "s.csv").open() as stream:
        assert sum(1 for _ in csv.DictReader(stream)) == 200


def test_train_by_command_line(tmp_path: Path, tiny_recipe: Path) -> None:
    pytest.importorskip("torch")
    table = make_table(tmp_path / "data", patients=18)
    done = started("train", table, "--recipe", tiny_recipe, "--epochs", 1, "--out", tmp_path / "run", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "AUC" in done.stdout
    assert str(tmp_path / "run" / "report.html") in done.stdout
    assert "deepcovid train" in json.loads((tmp_path / "run" / "run.json").read_text())["command"]


def test_an_output_may_not_be_an_input(detector: Path, films: Path, tmp_path: Path) -> None:
    film = tmp_path / "film.png"
    film.write_bytes((films / "film-00.png").read_bytes())
    scores = tmp_path / "s.csv"
    scores.write_text("label,score\n1,0.9\n0,0.2\n")
    for arguments, path in (
        (["predict", detector, film, "--csv", film], film),
        (["evaluate", scores, "--html", scores], scores),
    ):
        before = path.read_bytes()
        done = run(*arguments)
        assert done.returncode == 2
        assert "this is an input" in errors(done)
        assert path.read_bytes() == before


def test_odd_file_names_lose_no_batch_and_draw_nothing(detector: Path, films: Path, tmp_path: Path) -> None:
    data = (films / "film-00.png").read_bytes()
    folder = tmp_path / "films"
    folder.mkdir()
    for name in (b"latin\xff.png", b"two\n0.001  lines.png", b"esc\x1b[31m.png"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(data)
    done = started("predict", detector, folder, "--no-gate", "--csv", tmp_path / "s.csv", "--json", tmp_path / "s.json")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert not any(line.startswith("0.001") for line in done.stdout.splitlines())
    assert len(json.loads((tmp_path / "s.json").read_text())["predictions"]) == 3


def test_heat_maps_do_not_become_films(detector: Path, films: Path, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "a.png").write_bytes((films / "film-00.png").read_bytes())
    for _ in range(2):
        assert run("predict", detector, folder, "--no-gate", "--heatmap", folder / "maps").returncode == 0
    assert [path.name for path in (folder / "maps").iterdir()] == ["a.heat.png"]


@pytest.mark.parametrize("device", ["cuda", "quark"])
def test_a_device_that_is_not_here_is_refused_before_anything_is_written(
    device: str, drawn_table: Path, tiny_recipe: Path, tmp_path: Path
) -> None:
    torch = pytest.importorskip("torch")
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is such a device here")
    done = run("train", drawn_table, "--recipe", tiny_recipe, "--out", tmp_path / "r", "--device", device)
    assert done.returncode == 2
    assert f"the device '{device}' cannot be had here" in errors(done)
    assert not (tmp_path / "r").exists()


def test_a_path_that_cannot_be_written_is_an_error_to_mend(detector: Path, films: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = run("predict", detector, films / "film-00.png", "--no-gate", "--csv", tmp_path / "file" / "s.csv")
    assert done.returncode == 2
    assert "cannot be written" in errors(done)


def test_labels_that_differ_in_capitals_are_refused(tmp_path: Path) -> None:
    table = make_table(tmp_path, patients=6)
    table.write_text(table.read_text().replace("covid,p000", "COVID,p000"))
    done = started("train", table)
    assert done.returncode == 2
    assert "differ in capital letters only" in errors(done)


def test_true_and_false_are_labels(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("label;score\nTrue;0.9\nFalse;0.2\nTrue;0.7\nFalse;0.8\n")
    done = run("evaluate", path, "--json", "-")
    evaluation = json.loads(done.stdout)
    assert evaluation["auc"]["value"] == 0.75
    assert any("semicolons" in note for note in evaluation["notes"])


def test_predict_takes_the_frame_that_was_chosen(detector: Path, tmp_path: Path) -> None:
    import pydicom

    film = Path(pydicom.__file__).parent / "data" / "test_files" / "SC_rgb_rle_2frame.dcm"
    done = run("predict", detector, film, "--no-gate")
    assert done.returncode == 2
    assert "choose one (--frame 1, or frame=1 in Python, is the first)" in errors(done)
    done = run("predict", detector, film, "--no-gate", "--frame", "2", "--json", tmp_path / "p.json")
    assert done.returncode == 0
    (found,) = json.loads((tmp_path / "p.json").read_text())["predictions"]
    assert "frame 2 of 2" in found["film"]["notes"]
