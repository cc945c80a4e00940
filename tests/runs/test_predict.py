from __future__ import annotations

from pathlib import Path

from deepcovid.runs.predict import heatmap_names


def test_heat_maps_of_films_of_one_name_do_not_overwrite_each_other() -> None:
    paths = [Path(name) for name in ("a/img.png", "b/img.png", "c/img-2.png", "d/IMG.png")]
    names = heatmap_names(paths)
    assert len({name.casefold() for name in names.values()}) == 4
    assert names[paths[0]] == "img.heat.png"
