"""A pretraining, whole: table → films and phantoms → backbone → weights, card and record, in one folder that can be resumed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.datasets.table import Table
from deepcovid.errors import RunError
from deepcovid.models.engine import cores
from deepcovid.progress import Progress, Silent
from deepcovid.runs.environment import device_name, machine, versions
from deepcovid.runs.fitting import start_fabric, start_network
from deepcovid.runs.folder import RunFolder
from deepcovid.runs.pretrain.card import card_of
from deepcovid.runs.pretrain.looking import Looks
from deepcovid.runs.pretrain.material import PURPOSE, Material, gather
from deepcovid.runs.settings import Settings
from deepcovid.storage import lock, sha256_file, write_table, write_tensors, write_text
from deepcovid.training.checkpoint import Checkpoint, Row
from deepcovid.training.pretrain.method import Surroundings
from deepcovid.training.pretrain.plan import Plan
from deepcovid.training.threads import threads

if TYPE_CHECKING:
    import pandas as pd

    from deepcovid.evaluation.intervals import Interval
    from deepcovid.models.network import FilmNetwork
    from deepcovid.models.weights import WeightsUsed

WEIGHTS, CARD, LISTED, HISTORY = "weights.safetensors", "MODEL_CARD.md", "films.csv", "history.csv"


@dataclass(frozen=True)
class Pretrained:
    """A finished pretraining: its folder and its record."""

    folder: Path
    record: dict[str, Any]

    @property
    def weights(self) -> Path:
        """What `--weights` takes."""
        return self.folder / WEIGHTS


def pretrain(
    table: Table,
    *,
    plan: Plan,
    out: Path,
    half: bool = False,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Pretrained:
    """Teach a backbone on the films of a table and on phantoms.

    Args:
        table: films; labels are not needed.
        plan: network, methods, steps.
        out: the folder.
        half: whether the weights are kept as float16.
        settings: device, devices, threads, workers, loaders, resume, command.
        progress: told what happens.

    Raises:
        DeepCovidError: anything that the user can mend; see its message.
    """
    settings, progress, folder = settings or Settings(), progress or Silent(), RunFolder(out)
    if settings.resume and not folder.path.exists():
        raise RunError("there is no run to resume", path=folder.path, mend="leave out --resume, or check --out")
    network, start = start_network(plan.recipe, settings=settings, progress=progress)
    config = {
        "plan": plan.to_dict(),
        "table": table.hash,
        "start": start.sha256 or start.source,
        "threads": settings.threads,
        "half": half,
    }
    if settings.devices > 1:
        config["devices"] = settings.devices
    with lock(folder.path):
        folder.begin(config, resume=settings.resume)
        if folder.finished:
            progress.say(f"{folder.path} is finished already; nothing was computed.")
        else:
            with threads(settings.threads):
                _work(folder, table, network, plan=plan, start=start, half=half, settings=settings, progress=progress)
    return Pretrained(folder.path, folder.record)


def _work(
    folder: RunFolder,
    table: Table,
    network: FilmNetwork,
    *,
    plan: Plan,
    start: WeightsUsed,
    half: bool,
    settings: Settings,
    progress: Progress,
) -> None:
    from deepcovid.training.pretrain.loop import pretrain_backbone
    from deepcovid.training.pretrain.side_by_side import pretrain_side_by_side

    began = time.monotonic()
    fabric = start_fabric(settings, progress=progress)
    if fabric.device.type != "cpu" and not settings.loaders:
        progress.say(
            f"One process varies films, and {fabric.device} waits for it: --loaders {cores()} takes all cores."
        )
    folder.note(
        legs=folder.record.get("legs", 0) + 1,
        command=settings.command,
        versions=versions(),
        machine=machine() | {"device": device_name(fabric.device)},
    )
    material = gather(table, plan=plan, workers=settings.workers or cores(), progress=progress)
    for failure in material.failures:
        progress.warn(failure)
    progress.say(_sentence(material))
    if "tasks" in dict(plan.methods) and not material.told:
        left = "learns from phantoms alone" if len(material.films.dense) else "has nothing to learn from"
        progress.say(f"The table tells nothing that its films differ in: the method tasks {left}.")
    looks = Looks(material, seed=plan.seed)
    if "before" not in folder.record:
        folder.note(before=_areas(looks.ask(network.eval())))
    given: dict[str, Any] = {
        "plan": plan,
        "films": material.films,
        "around": _surroundings(network, material, plan),
        "checkpoint": Checkpoint(folder / "checkpoint", identity=_identity(folder, material)),
        "watch": looks,
        "loaders": settings.loaders,
        "progress": progress,
    }
    if settings.devices > 1:
        progress.say(f"{settings.devices} processes, one a device, each with its part of every batch.")
        each = settings.threads or max(cores() // settings.devices, 1)
        pretrain_side_by_side(network, devices=settings.devices, accelerator=settings.device, each=each, **given)
    # after processes side by side: all steps are done, and the end is read from the checkpoint
    history = pretrain_backbone(network, **given, fabric=fabric)
    seconds = folder.record.get("seconds", 0.0) + time.monotonic() - began
    _write(folder, network, material, looks, history, plan=plan, start=start, half=half, seconds=seconds)


def _identity(folder: RunFolder, material: Material) -> str:
    """Of all that decides the numbers: the configuration, and which films could be read."""
    return f"{folder.identity} {material.list_hash}"


def _surroundings(network: FilmNetwork, material: Material, plan: Plan) -> Surroundings:
    from deepcovid.models.zoo import feature_map_shape

    maps, height, width = feature_map_shape(plan.network, classes=2, preprocessing=plan.preprocessing)
    return Surroundings(
        maps=maps, grid=(height, width), size=plan.preprocessing.size, told=material.films.targets.names
    )


def _sentence(material: Material) -> str:
    told = material.facts
    return (
        f"{told['films']} films of {told['patients']} patients and {told['phantoms']} phantoms are learnt from; "
        f"{told['kept_for_measuring']} films are kept for measuring."
    )


def _areas(asked: dict[str, Interval]) -> dict[str, Any]:
    return {name: area.to_dict() for name, area in asked.items()}


def _write(
    folder: RunFolder,
    network: FilmNetwork,
    material: Material,
    looks: Looks,
    history: list[Row],
    *,
    plan: Plan,
    start: WeightsUsed,
    half: bool,
    seconds: float,
) -> None:
    """Weights, list, history, card, record; probes are asked of the numbers as they were written."""
    import pandas as pd

    from deepcovid.models.weights import load_backbone_weights

    path = write_tensors(folder / WEIGHTS, backbone_tensors(network, half=half), metadata={"network": network.name})
    load_backbone_weights(network, path, seed=plan.seed)
    write_table(folder / LISTED, _with_earlier(material.listed, start))
    write_table(folder / HISTORY, pd.DataFrame(history))
    facts = {
        "file": path.name,
        "sha256": sha256_file(path),
        "bytes": path.stat().st_size,
        "kept": "float16" if half else "float32",
        "start": start.sentence,
        "version": metadata.version("deepcovid"),
        "plan": plan.to_dict(),
        "purpose": PURPOSE,
        "material": material.facts,
        "list_hash": material.list_hash,
        "probes": {
            "films": looks.films,
            "held_out": looks.held_out,
            "before": folder.record["before"],
            "after": _areas(looks.ask(network.eval())),
        },
        "history": history,
        "seconds": round(seconds, 1),
    }
    write_text(folder / CARD, card_of(facts | {key: folder.record[key] for key in ("command", "machine")}))
    folder.note(**facts, status="finished")


def _with_earlier(listed: pd.DataFrame, start: WeightsUsed) -> pd.DataFrame:
    """The list, after it what the weights that this began from were learnt from: a backbone does not forget."""
    import pandas as pd

    if start.listed is None:
        return listed
    earlier = pd.read_csv(start.listed, dtype=str).fillna("")
    return pd.concat([listed, earlier], ignore_index=True).drop_duplicates("sha256", ignore_index=True)


def backbone_tensors(network: FilmNetwork, *, half: bool) -> dict[str, np.ndarray]:
    """The backbone's numbers as `--weights` reads them; with `half` as float16 what is a fraction."""
    from deepcovid.models.network import to_tensors
    from deepcovid.models.weight_files import BACKBONE

    found = {}
    for name, array in to_tensors(network.backbone).items():
        narrow = half and np.issubdtype(array.dtype, np.floating)
        found[f"{BACKBONE}{name}"] = array.astype(np.float16) if narrow else array
    return found
