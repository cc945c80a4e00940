"""A recipe that is a stack: its members trained as runs of their own, then stacked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from deepcovid.errors import RunError
from deepcovid.progress import Progress
from deepcovid.runs.data import Prepared
from deepcovid.runs.folder import RECORD, RunFolder
from deepcovid.runs.settings import Settings
from deepcovid.runs.stacking.members import read_members, weights_of
from deepcovid.runs.stacking.stack import Stacked, finish_stack
from deepcovid.runs.train import train
from deepcovid.storage import lock
from deepcovid.training.recipe import Recipe, member_recipes

MEMBERS = "members"


def train_stack(prepared: Prepared, *, recipe: Recipe, out: Path, settings: Settings, progress: Progress) -> Stacked:
    """Train the recipe's members in `out`/members, one run each, and stack them in `out`.

    Args:
        prepared: films with their sides.
        recipe: with `members`.
        out: the run folder.
        settings: of the members and their folds; `resume` goes on with whatever is unfinished.
        progress: told what happens.

    Raises:
        RunError: the folder holds another run, or an unfinished one without `resume`.
        RecipeError: a member that is no recipe, or a change that does not fit it.
    """
    members = member_recipes(recipe)
    folder = RunFolder(out)
    if settings.resume and not out.exists():
        raise RunError("there is no run to resume", path=out, mend="leave out --resume, or check --out")
    with lock(out):
        folder.begin(_config(prepared, recipe, settings), resume=settings.resume)
        places = []
        for member in members:
            place = out / MEMBERS / member.name
            progress.say(f"Member {member.name}:")
            own = replace(settings, weights=weights_of(member, settings), resume=(place / RECORD).exists())
            train(prepared.table, recipe=member, out=place, settings=own, progress=progress)
            places.append(place)
        return finish_stack(folder, read_members(places), recipe=recipe, settings=settings, progress=progress)


def _config(prepared: Prepared, recipe: Recipe, settings: Settings) -> dict[str, Any]:
    """All that decides the result beside the members, whose runs hold their own against what they were begun with."""
    return {
        "recipe": recipe.to_dict(),
        "table_hash": prepared.table.content_hash(),
        "labels_hash": prepared.table.content_hash(columns=["image", "split", settings.label_column]),
        "label_column": settings.label_column,
        "positive": settings.positive,
        "normal": settings.normal,
    }
