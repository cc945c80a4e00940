"""Options that several commands share: what they mean is said once."""

from __future__ import annotations

from typing import Annotated

import typer

Recipe = Annotated[str, typer.Option(help="Recipe name (see `deepcovid recipes`) or .toml file.")]
Weights = Annotated[
    str | None,
    typer.Option(help="What the backbone starts from: imagenet, xray, none, or a file; default: the recipe's."),
]
Positive = Annotated[str, typer.Option(help="The label that counts as positive; all others are negative.")]
Normal = Annotated[str, typer.Option(help="The label of healthy films, shown apart in histograms.")]
LabelColumn = Annotated[str, typer.Option(help="The column that holds the label.")]
Classes = Annotated[
    str | None,
    typer.Option(help="Several classes: the labels that count, such as normal,pneumonia,covid; default: all."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Workers = Annotated[int, typer.Option(min=0, help="Films side by side; 0: as many as there are cores.")]
Threads = Annotated[
    int,
    typer.Option(min=0, help="torch's threads while a whole network trains; 0: all. 1 is best on a busy machine."),
]
Loaders = Annotated[int, typer.Option(min=0, help="Processes that fetch films while a whole network trains.")]
AllowRandomBackbone = Annotated[
    bool, typer.Option("--allow-random-backbone", help="Allow --weights none with a frozen backbone.")
]
AllowOutside = Annotated[bool, typer.Option("--allow-outside", help="Allow films outside the table's folder.")]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Instead of the recipe's.")]
AsJson = Annotated[bool, typer.Option("--json", help="The result as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
