from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from deepcovid.datasets.phantom import render_phantom
from deepcovid.errors import WeightsError
from deepcovid.models.gate import PASSES, REASONS, Gate
from deepcovid.models.gate.gate import DESCRIPTION, FOLDER, GRAPH
from deepcovid.models.gate.reasons import CLASSES, REASON_OF, SENTENCES
from deepcovid.storage import sha256_file


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate.load()


@pytest.fixture(scope="module")
def phantoms() -> list[np.ndarray]:
    """Forty phantoms that the gate was not made from: all findings, both views and sexes, a few children."""
    findings = ("normal", "covid", "pneumonia", "effusion")
    return [
        render_phantom(
            seed=5000 + k, finding=findings[k % 4], view=("PA", "AP")[k % 2], sex="FM"[k // 2 % 2], age=6 + 2 * k
        ).film
        for k in range(40)
    ]


def share(gate: Gate, films: list[np.ndarray], reason: str) -> float:
    return float(np.mean([gate.judge(film).reason == reason for film in films]))


def test_phantoms_pass(gate: Gate, phantoms: list[np.ndarray]) -> None:
    assert share(gate, phantoms, PASSES) >= 0.95


def test_what_is_done_to_a_film_is_named(gate: Gate, phantoms: list[np.ndarray]) -> None:
    changes = {
        "inverted": lambda film: 1 - film,
        "upside down": lambda film: film[::-1, ::-1],
        "cropped": lambda film: film[64:192, 64:192],
        "collage": lambda film: np.hstack([film, np.fliplr(film)]),
    }
    for reason, change in changes.items():
        assert share(gate, [change(film) for film in phantoms], reason) >= 0.9, reason


def test_a_quarter_turn_is_told_with_its_mend(gate: Gate, phantoms: list[np.ndarray]) -> None:
    verdicts = [gate.judge(np.rot90(film)) for film in phantoms]
    assert np.mean([verdict.reason == "upside down" for verdict in verdicts]) >= 0.9
    assert any("turn it by 90°" in verdict.sentence for verdict in verdicts)


def test_a_page_of_words_is_a_document(gate: Gate) -> None:
    page = Image.new("L", (600, 800), 255)
    draw = ImageDraw.Draw(page)
    for line in range(40):
        draw.text((40, 20 + 19 * line), "the quick brown fox jumps over the lazy dog and goes on " * 2, fill=0)
    verdict = gate.judge(np.asarray(page, np.float32) / 255)
    assert verdict.reason == "document or screen"
    assert not verdict.passes


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_one_grey_is_blank(gate: Gate, grey: float) -> None:
    verdict = gate.judge(np.full((300, 200), grey, np.float32))
    assert (verdict.passes, verdict.reason, verdict.confidence) == (False, "blank", 1.0)


def test_no_strip_and_no_speck_passes(gate: Gate, phantoms: list[np.ndarray]) -> None:
    film = phantoms[0]
    strip = np.repeat(film, 4, axis=1)
    speck = np.asarray(Image.fromarray(film).resize((20, 20)))
    assert not gate.judge(strip).passes
    verdict = gate.judge(speck.clip(0, 1))
    assert not verdict.passes
    assert verdict.reason != PASSES


def test_a_verdict_is_whole(gate: Gate, phantoms: list[np.ndarray]) -> None:
    verdict = gate.judge(phantoms[0])
    assert set(verdict.probabilities) | {"blank", "unsure"} == set(REASONS)
    assert sum(verdict.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert verdict.confidence == verdict.probabilities[verdict.reason]
    assert json.loads(json.dumps(verdict.to_dict()))["reason"] == PASSES


def test_the_same_film_is_judged_the_same_at_any_size(gate: Gate) -> None:
    large = render_phantom(seed=5100, size=1000).film
    small = np.asarray(Image.fromarray(large).resize((500, 500), Image.Resampling.BOX))
    first, second = gate.judge(large), gate.judge(small.clip(0, 1))
    assert first.reason == second.reason
    assert first.confidence == pytest.approx(second.confidence, abs=0.05)


def test_pixels_out_of_range_are_refused(gate: Gate) -> None:
    with pytest.raises(ValueError, match=r"values lie in \[0, 1\]"):
        gate.judge(np.full((100, 100), 2, np.float32))


def test_every_reason_has_its_sentence() -> None:
    assert set(SENTENCES) == {*CLASSES, "blank", "unsure"}
    assert set(REASON_OF.values()) | {"blank", "unsure"} == set(REASONS)
    assert all("→" in sentence for name, sentence in SENTENCES.items() if name != PASSES)


def test_the_graph_is_small_and_the_card_names_it(gate: Gate) -> None:
    assert (FOLDER / GRAPH).stat().st_size < 2_000_000
    assert gate.hash == sha256_file(FOLDER / GRAPH)
    assert gate.hash in (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_a_damaged_gate_is_an_error_with_its_mend(tmp_path: Path) -> None:
    for name in (GRAPH, DESCRIPTION):
        shutil.copy(FOLDER / name, tmp_path / name)
    data = bytearray((tmp_path / GRAPH).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / GRAPH).write_bytes(data)
    with pytest.raises(WeightsError, match=r"damaged or was altered → install deepcovid again"):
        Gate.load(tmp_path)
    (tmp_path / GRAPH).unlink()
    with pytest.raises(WeightsError, match=r"gate\.onnx is missing"):
        Gate.load(tmp_path)


@pytest.mark.parametrize("text", ["{", '{"format": 99}', "[]"])
def test_a_description_of_another_kind_is_an_error(text: str, tmp_path: Path) -> None:
    shutil.copy(FOLDER / GRAPH, tmp_path / GRAPH)
    (tmp_path / DESCRIPTION).write_text(text)
    with pytest.raises(WeightsError, match=r"damaged|this version reads 1"):
        Gate.load(tmp_path)


def test_the_figures_in_the_documentation_are_the_cards() -> None:
    card = (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    page = (FOLDER.parents[3] / "docs" / "gate.md").read_text(encoding="utf-8")
    figures = re.findall(r"[\d.–]*\d\.\d %", page)
    assert len(figures) >= 6
    assert [figure for figure in figures if figure not in card] == []


@pytest.mark.films
def test_films_of_a_hospital_that_it_has_not_seen_pass_and_their_negatives_do_not(gate: Gate, real_films: Path) -> None:
    from deepcovid.imaging.readers import read_radiograph

    films = [read_radiograph(path).pixels for path in sorted((real_films / "images").glob("figure1_*"))]
    assert len(films) == 55
    assert share(gate, films, PASSES) >= 0.97
    assert share(gate, [1 - film for film in films], "inverted") >= 0.95
    assert share(gate, [film[::-1] for film in films], "upside down") >= 0.95
