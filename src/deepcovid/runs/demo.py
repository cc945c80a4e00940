"""The whole way on phantoms: films made here, a detector trained on them, a report; no data and no network needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deepcovid.datasets.phantom import make_phantoms
from deepcovid.datasets.table import load_table
from deepcovid.errors import RunError
from deepcovid.models.torchvision_import import import_torch
from deepcovid.progress import Progress, Silent
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import Run, train
from deepcovid.training.recipe import load_recipe

RECIPE = "xray-squeezenet"
PHANTOMS = (
    "All films are phantoms that deepcovid drew, and the weights that training starts from were taught with the labels of "
    "other phantoms: no figure here says anything of films of people."
)


def demo(out: Path, *, patients: int = 240, seed: int = 0, command: str = "", progress: Progress | None = None) -> Run:
    """Make phantoms in `out`/films, train on them in `out`/run.

    Args:
        out: a folder; films and a finished run of the same settings that lie there are used again.
        patients: phantom patients, with one to three films each.
        seed: of phantoms and training.
        command: the command line, for the record.
        progress: told what happens.

    Raises:
        RunError: `out` holds something else.
    """
    import_torch("the demonstration")
    progress = progress or Silent()
    films = out / "films"
    if not (films / "table.csv").exists():
        if out.exists() and any(out.iterdir()) and not films.exists():
            raise RunError("the folder holds other things", path=out, mend="choose another --out")
        progress.say(f"Making films of {patients} phantom patients …")
        make_phantoms(films, patients=patients, seed=seed, progress=progress)
    else:
        progress.say(f"Using the phantoms in {films}; delete {out} to begin anew.")
    table = replace(load_table(films / "table.csv"), cautions=(PHANTOMS,))
    found = table.frame["patient"].nunique()
    if found != patients:
        raise RunError(
            f"the films here are of {found} phantom patients, not of {patients}",
            path=films,
            mend=f"delete {out}, choose another --out, or ask for --patients {found}",
        )
    run = out / "run"
    # one thread: the same bits on any number of cores, and no slower on a busy machine
    settings = Settings(positive="covid", command=command, device="cpu", threads=1, resume=run.exists())
    return train(table, recipe=load_recipe(RECIPE).changed(seed=seed), out=run, settings=settings, progress=progress)
