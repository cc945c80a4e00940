"""The command that teaches a backbone before there is a disease to detect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from deepcovid.cli import options
from deepcovid.cli.console import Spoken, command_line, console


def pretrain(
    table: Annotated[
        Path, typer.Argument(help="Table of films (CSV or Parquet); labels are used where there are any.")
    ],
    network: Annotated[str, typer.Option(help="The network (see `deepcovid models list`).")] = "squeezenet1_1",
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="tasks, phantoms, vicreg, simsiam or restoration, with its weight: vicreg=0.5. May be repeated."
        ),
    ] = None,
    size: Annotated[int, typer.Option(min=32, help="Side of the film that the network sees, in pixels.")] = 128,
    steps: Annotated[int, typer.Option(min=1, help="Steps in all.")] = 2000,
    batch_size: Annotated[int, typer.Option(min=2, help="Films a step.")] = 32,
    every: Annotated[int, typer.Option(min=1, help="Steps between two checkpoints, each with linear probes.")] = 250,
    learning_rate: Annotated[float, typer.Option(help="The highest of one cycle.")] = 1e-3,
    variation: Annotated[
        str, typer.Option(help="How much films are varied: strong (greys and borders too) or mild.")
    ] = "mild",
    phantoms: Annotated[int, typer.Option(min=0, help="Phantoms that are drawn; 0: none.")] = 2000,
    phantom_share: Annotated[float, typer.Option(help="Their share of each batch.")] = 0.5,
    licences: Annotated[
        str, typer.Option(help='Films that may be used: any, free, or licences such as "CC BY 4.0,CC BY 3.0".')
    ] = "any",
    share: Annotated[
        float, typer.Option(help="Share of the patients that is learnt from, by a hash; the others measure.")
    ] = 1.0,
    weights: Annotated[
        str, typer.Option(help="What the backbone starts from: none, imagenet, xray or a file.")
    ] = "none",
    half: Annotated[bool, typer.Option("--half", help="Keep the weights as float16: half the bytes.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder; default: runs/pretrain-<network>.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    device: options.Device = "auto",
    devices: Annotated[
        int, typer.Option(min=1, help="Processes side by side, one a device; each batch is divided among them.")
    ] = 1,
    workers: options.Workers = 0,
    threads: options.Threads = 0,
    loaders: options.Loaders = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in the folder.")] = False,
    allow_outside: options.AllowOutside = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Teach a backbone on chest films, labelled or not, and on phantoms: weights to start trainings from."""
    from deepcovid.datasets.table import load_table
    from deepcovid.runs.pretrain import pretrain as run
    from deepcovid.runs.settings import Settings
    from deepcovid.training.pretrain.plan import Plan, read_methods, usual_methods

    plan = Plan(
        network=network,
        size=size,
        weights=weights,
        steps=steps,
        batch_size=batch_size,
        every=every,
        learning_rate=learning_rate,
        variation=variation,
        phantoms=phantoms,
        phantom_share=phantom_share,
        share=share,
        licences=licences,
        seed=seed,
        methods=read_methods(method) if method else usual_methods(phantoms=bool(phantoms and phantom_share)),
    )
    settings = Settings(
        device=device,
        devices=devices,
        workers=workers,
        threads=threads,
        loaders=loaders,
        resume=resume,
        command=command_line(),
    )
    done = run(
        load_table(table, required_labels=False, allow_outside=allow_outside),
        plan=plan,
        out=out or Path("runs") / f"pretrain-{network}",
        half=half,
        settings=settings,
        progress=Spoken(quiet=quiet),
    )
    if as_json:
        typer.echo(json.dumps(done.record, indent=2, ensure_ascii=False, allow_nan=False))
        return
    for line in pretrain_lines(done.record):
        console().print(line, markup=False)
    console().print(f"\nweights   {done.weights}\ncard      {done.folder / 'MODEL_CARD.md'}", markup=False)


def pretrain_lines(told: dict[str, Any]) -> list[str]:
    """The result for a terminal."""
    material, probes, last = told["material"], told["probes"], told["history"][-1]
    whose = "patients not learnt from" if probes["held_out"] else "all patients, learnt from or not"
    lines = [
        f"{told['plan']['network']}: {last['step']} steps on {material['films']} films of {material['patients']} patients and "
        f"{material['phantoms']} phantoms",
        "",
        *(f"loss of {name:<12} {last[f'{name}_loss']:.3f}" for name in told["plan"]["methods"]),
    ]
    if probes["after"]:
        lines += ["", f"linear probes, AUC on {probes['films']} films of {whose}: before, after"]
    return lines + [
        f"  {name:<10} {_area(probes['before'].get(name))}  {_area(area)}" for name, area in probes["after"].items()
    ]


def _area(area: dict[str, Any] | None) -> str:
    return "not asked" if area is None else f"{area['value']:.3f} ({area['low']:.3f}–{area['high']:.3f})"
