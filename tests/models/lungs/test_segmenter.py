from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from deepcovid.datasets.phantom import patient_films, sample_patients
from deepcovid.datasets.phantom.rendering import Phantom
from deepcovid.errors import WeightsError
from deepcovid.imaging.readers import read_film
from deepcovid.imaging.resizing import resized
from deepcovid.models.lungs import LungSegmenter
from deepcovid.models.lungs.segmenter import DESCRIPTION, FOLDER, as_digits, code_of, two_largest


@pytest.fixture(scope="module")
def segmenter() -> LungSegmenter:
    return LungSegmenter.load()


@pytest.fixture(scope="module")
def phantoms() -> list[Phantom]:
    """Phantoms of hospitals and patients that it was not made from."""
    people = sample_patients(24, films_per_patient=(1, 1), seed=4321, sources=("a new hospital", "another"))
    return [film for person in people for film in patient_films(person, size=(150, 130))]


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


def test_lungs_of_phantoms_are_found(segmenter: LungSegmenter, phantoms: list[Phantom]) -> None:
    found = [segmenter.segment(phantom.film) for phantom in phantoms]
    assert all(
        (mask.dtype, mask.shape) == (np.bool_, phantom.film.shape)
        for mask, phantom in zip(found, phantoms, strict=True)
    )
    values = [dice(mask, phantom.lung_mask) for mask, phantom in zip(found, phantoms, strict=True)]
    assert np.mean(values) > 0.90
    assert np.min(values) > 0.6
    pieces = [ndimage.label(mask)[1] for mask in found]
    assert all(1 <= count <= 2 for count in pieces)
    assert all((ndimage.binary_fill_holes(mask) == mask).all() for mask in found)


def test_another_window_or_size_finds_the_same_lungs(segmenter: LungSegmenter, phantoms: list[Phantom]) -> None:
    film = phantoms[0].film
    usual = segmenter.segment(film)
    assert dice(segmenter.segment((0.2 + 0.5 * film**1.7).astype(np.float32)), usual) > 0.97
    larger = resized(film, size=(400, 347))
    assert dice(segmenter.segment(larger), resized(usual.astype(np.float32), size=(400, 347)) > 0.5) > 0.97


def test_the_same_film_gives_the_same_bits(segmenter: LungSegmenter, phantoms: list[Phantom]) -> None:
    first, again = (LungSegmenter.load().probability(phantoms[1].film) for _ in range(2))
    assert (first == again).all()
    assert (first == segmenter.probability(phantoms[1].film)).all()


@pytest.mark.parametrize("grey", [0.0, 1.0])
def test_a_blank_film_is_no_error(segmenter: LungSegmenter, grey: float) -> None:
    assert segmenter.segment(np.full((60, 50), grey, np.float32)).shape == (60, 50)


def test_pixels_out_of_range_are_refused(segmenter: LungSegmenter) -> None:
    with pytest.raises(ValueError, match=r"values lie in \[0, 1\]"):
        segmenter.segment(np.full((50, 50), 3, np.float32))


def test_a_film_that_was_learnt_from_goes_to_a_network_that_has_not_seen_it(phantoms: list[Phantom]) -> None:
    names = list(json.loads((FOLDER / DESCRIPTION).read_text())["graphs"])
    graphs = [(FOLDER / name).read_bytes() for name in names]
    film, other = phantoms[2].film, phantoms[3].film
    known = LungSegmenter(graphs, codes={as_digits(code_of(film)): 2})
    assert known.part(film) == 2
    assert known.part((film**1.2).astype(np.float32)) == 2
    assert known.part(other) == 0
    assert (known.probability(film) == LungSegmenter(graphs[2:]).probability(film)).all()


def test_two_pieces_are_kept_and_holes_filled() -> None:
    mask = np.zeros((30, 30), bool)
    mask[2:20, 2:10] = mask[4:18, 15:24] = mask[25:27, 25:27] = True
    mask[8:10, 4:6] = False
    kept = two_largest(mask)
    assert kept[8:10, 4:6].all()
    assert not kept[25:27, 25:27].any()
    assert kept.sum() == 18 * 8 + 14 * 9


def test_it_is_small_and_the_card_names_it(segmenter: LungSegmenter) -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.onnx")) < 2_000_000
    assert segmenter.hash in (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_a_damaged_segmenter_is_an_error_with_its_mend(tmp_path: Path) -> None:
    for path in (*FOLDER.glob("*.onnx"), FOLDER / DESCRIPTION):
        shutil.copy(path, tmp_path / path.name)
    data = bytearray((tmp_path / "lungs-1.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "lungs-1.onnx").write_bytes(data)
    with pytest.raises(WeightsError, match=r"damaged or was altered → install deepcovid again"):
        LungSegmenter.load(tmp_path)
    (tmp_path / "lungs-1.onnx").unlink()
    with pytest.raises(WeightsError, match=r"lungs-1\.onnx is missing"):
        LungSegmenter.load(tmp_path)


@pytest.mark.parametrize("text", ["{", '{"format": 99}', "[]"])
def test_a_description_of_another_kind_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / DESCRIPTION).write_text(text)
    with pytest.raises(WeightsError, match=r"damaged|this version reads 1"):
        LungSegmenter.load(tmp_path)


@pytest.mark.films
def test_hand_drawn_lungs_are_found_on_films_of_patients_that_it_has_not_seen(
    segmenter: LungSegmenter, real_films: Path
) -> None:
    """Every tenth of them; 0.90 is the bar for all, with the interval in the card."""
    table = pd.read_csv(real_films / "table.csv")
    free = table["lung_mask"].notna() & table["license"].isin(("CC BY", "CC BY 3.0", "CC BY 4.0"))
    rows = table[(table["mask_source"] == "v7labs") & ~table["patient"].isin(table.loc[free, "patient"])].iloc[::10]
    values = []
    for film, mask in zip(rows["image"], rows["lung_mask"], strict=True):
        pixels = read_film(real_films / film).pixels
        assert segmenter.part(pixels) == 0
        values.append(dice(segmenter.segment(pixels), read_film(real_films / mask).pixels > 0.5))
    assert len(values) > 30
    assert np.mean(values) > 0.90


def test_the_figures_in_the_documentation_are_the_cards() -> None:
    card = (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    page = (FOLDER.parents[3] / "docs" / "lungs.md").read_text(encoding="utf-8").split("## No mask")[0]
    figures = re.findall(r"0\.\d{3}(?:–0\.\d{3})?", page)
    assert len(figures) >= 9
    assert [figure for figure in figures if figure not in card] == []
