"""`deepcovid data build`: published data sets made again from their sources."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepcovid.cli.console import console, refuse_overwriting
from deepcovid.cli.groups import Commands
from deepcovid.errors import DeepCovidError

if TYPE_CHECKING:
    from rich.console import Console

    from deepcovid.datasets.covid_xray_5k import Built

app = typer.Typer(cls=Commands, help="Make a published data set again from its sources.", no_args_is_help=True)
RECIPES_HAVE = 496  # minority_count of the recipes deepcovid-*
CHOICES = {"chexpert": "chexpert", "nih": "nih-chestxray14", "nih-chestxray14": "nih-chestxray14", "none": ""}


@app.callback()
def _build() -> None:
    """Make a published data set again from its sources."""


@app.command("covid-xray-5k")
def covid_xray_5k(
    covid: Annotated[Path, typer.Option(help="A copy of covid-chestxray: deepcovid data fetch covid-chestxray.")],
    chexpert: Annotated[Path | None, typer.Option(help="A copy of CheXpert, as in the paper.")] = None,
    nih: Annotated[Path | None, typer.Option(help="A copy of NIH ChestX-ray14, for --negatives nih.")] = None,
    negatives: Annotated[
        str | None,
        typer.Option(help="Films without COVID-19: chexpert, nih or none; default: whichever copy is given."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The table to write; its account stands beside it (.account.json).")] = Path(
        "covid-xray-5k.csv"
    ),
    release: Annotated[str, typer.Option(help="paper (31 → 496 and 40) or later (84 → 420 and 100).")] = "paper",
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another division and choice.")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="An error where films are fewer than published.")] = False,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="No word about films outside the table's folder.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The account as JSON on standard output.")] = False,
) -> None:
    """COVID-Xray-5k of Deep-COVID (Minaee et al. 2020), with the published counts beside its own."""
    from deepcovid.datasets.covid_xray_5k import build_covid_xray_5k
    from deepcovid.datasets.table import save_table
    from deepcovid.datasets.validation import leaves_folder
    from deepcovid.storage import write_json

    collection, folder = _negatives(negatives, chexpert=chexpert, nih=nih)
    account = out.with_suffix(".account.json")
    copies = [place for place in (covid, folder) if place is not None]
    refuse_overwriting([out, account], inputs=[file for place in copies for file in place.glob("*.*")])
    built = build_covid_xray_5k(
        covid, negatives=folder, collection=collection, release=release, seed=seed, strict=strict
    )
    saved = save_table(built.table, out, allow_outside=True)
    outside = int(saved.frame["image"].map(leaves_folder).sum())
    facts = built.to_dict() | {"table": out.name, "rows": len(saved), "films_outside_its_folder": outside}
    facts["table_hash"] = saved.hash
    write_json(account, facts)
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    _tell(built, console())
    if outside and not allow_outside:
        _warn(console(), _outside(outside, out=out, root=built.table.folder))
    console().print(f"written: {out} ({len(saved):,} films) and {account}", markup=False)
    option = " --allow-outside" if outside else ""
    for command in ("data check {}", "train {} --recipe deepcovid-resnet18 --positive covid"):
        console().print(f"next: deepcovid {command.format(shlex.quote(str(out)))}{option}", markup=False)


def _negatives(word: str | None, *, chexpert: Path | None, nih: Path | None) -> tuple[str, Path | None]:
    """The collection of films without COVID-19, and where its copy lies."""
    if word is None and chexpert is not None and nih is not None:
        raise DeepCovidError("copies of two collections were given", mend="choose one: --negatives chexpert, or nih")
    word = word or ("nih" if nih is not None else "chexpert")
    if word not in CHOICES:
        raise DeepCovidError(f"there is no choice {word!r} of negatives", mend="choose chexpert, nih or none")
    if word == "none":
        return "chexpert", None
    folder = chexpert if word == "chexpert" else nih
    if folder is None:
        name = CHOICES[word]
        option = "--chexpert" if word == "chexpert" else "--nih"
        raise DeepCovidError(
            f"where is the copy of {name}?",
            mend=f"give it with {option} DIR (deepcovid data fetch {name} tells how to get one), or take --negatives nih "
            "--nih DIR, or --negatives none for the films of COVID-19 alone",
        )
    return CHOICES[word], folder


def _tell(built: Built, screen: Console) -> None:
    """The published counts beside these, what fell short, and what nobody can check."""
    from deepcovid.runs.data import VALIDATION_SHARE

    release, positives = built.release, built.positives
    screen.print(f"COVID-Xray-5k, release {release.name!r} ({release.told}); seed {built.seed}\n", markup=False)
    screen.print(f"{'':24}{'COVID-19':^36}{'without COVID-19':^24}", markup=False)
    screen.print(
        f"{'':24}{'published':>10}{'listed':>9}{'with file':>11}{'':8}{'published':>10}{'here':>9}", markup=False
    )
    for side, name in (("train", "training"), ("test", "test")):
        came = f"{built.negatives.total(side):,}" if built.negatives else "–"
        screen.print(
            f"{name:24}{release.positives[side]:>10,}{positives.listed(side):>9,}{positives.present(side):>11,}{'':8}"
            f"{release.negatives[side]:>10,}{came:>9}",
            markup=False,
        )
    patients = ", ".join(f"{positives.patients(side)} {side}" for side in ("train", "test"))
    screen.print(f"patients with COVID-19: {patients}; no patient stands on both sides", markup=False)
    screen.print(f"augmentation: {_augmentation(built)}", markup=False)
    screen.print(
        f"validation: training takes {VALIDATION_SHARE:.0%} of train for it, by patient; the paper has none\n",
        markup=False,
    )
    if built.negatives:
        _tell_classes(built, screen)
    for note in built.table.notes:
        _warn(screen, note)
    if built.shortfalls:
        _warn(screen, f"FEWER FILMS THAN PUBLISHED: {_shortened(built)}; --strict makes this an error")
    screen.print("\ncannot be verified:", markup=False)
    for sentence in built.unverifiable:
        screen.print(f"  - {sentence}", markup=False)
    screen.print("", markup=False)


def _tell_classes(built: Built, screen: Console) -> None:
    if built.negatives is None:
        return
    screen.print(f"{built.negatives.collection:28}{'training':>16}{'test':>16}", markup=False)
    for name, sides in built.negatives.wanted.items():
        cells = [f"{built.negatives.came[name][side]:,} of {number:,}" for side, number in sides.items()]
        screen.print(f"{name:28}{cells[0]:>16}{cells[1]:>16}", markup=False)
    screen.print("", markup=False)


def _augmentation(built: Built) -> str:
    """Where 31 films become 496: in training, by the recipe's key `minority_count`."""
    release = built.release
    how = (
        "the recipes deepcovid-* do it"
        if release.augmented == RECIPES_HAVE
        else f"set it in a copy of a recipe deepcovid-*, which has {RECIPES_HAVE}"
    )
    return (
        f"{release.positives['train']} → {release.augmented} films of COVID-19 while training "
        f"(minority_count = {release.augmented}: {how}); the table holds films alone"
    )


def _shortened(built: Built) -> str:
    """Where films are too few: each count of COVID-19, and how many classes of the others, which the table above shows."""
    few = [phrase for phrase in built.shortfalls if phrase.startswith("COVID-19")]
    if built.negatives and built.negatives.short:
        names = {phrase.rpartition(",")[0] for phrase in built.negatives.short}
        few.append(f"{len(names)} of {len(built.negatives.wanted)} classes without COVID-19 (above)")
    return "; ".join(few)


def _outside(films: int, *, out: Path, root: Path) -> str:
    """What to do about films outside the table's folder; `root` is the folder that all copies have in common."""
    told = f"{films} films lie outside the table's folder: give --allow-outside to the commands that read it"
    if root == Path(root.anchor):
        return f"{told}, or put the copies and the table into one folder"
    return f"{told}, or write it where all copies lie below it (--out {root / out.name})"


def _warn(screen: Console, sentence: str) -> None:
    screen.print(f"! {sentence}", style="yellow", markup=False)
