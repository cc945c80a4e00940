"""Puts weights of our own into the package: the file, its card with what was measured, the list of films, the figures.

    python benchmarks/xray_ship.py runs/xray/squeezenet --probe runs/xray/squeezenet-probe.json \\
        --shortcuts runs/xray/squeezenet-shortcuts.json
    python docs/make_xray.py

RUN is a folder of `deepcovid pretrain --licences free --half`; the figures are those of `xray_probe.py --curve` and
`xray_shortcuts.py` for exactly these weights. Run again for the next network; what is there of others stays.
"""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

import pandas as pd

from deepcovid.datasets.licences import is_free
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.xray.shipped import DESCRIPTION, FOLDER, FORMAT, Shipped, file_name, xray_networks
from deepcovid.models.xray.shipped import shipped_weights as shipped
from deepcovid.runs.pretrain.card import card_of
from deepcovid.runs.pretrain.pretrain import LISTED, WEIGHTS
from deepcovid.storage import read_json, sha256_file, sha256_json, write_bytes, write_json, write_text
from xray.tables import OURS, sections

FILE_LIMIT, ALL_LIMIT = 5_000_000, 25_000_000  # bytes
LIMITS = "\n## Limits\n"
DETAILS = ("network", "size", "share", "licences")


def figures_of(record: dict[str, Any], *, probe: dict[str, Any], shortcuts: dict[str, Any]) -> dict[str, Any]:
    """What was measured of these weights alone, under the name `xray`; refused where it is of others."""
    plan = {key: record["plan"][key] for key in DETAILS}
    for name, told in (("probe", probe), ("shortcuts", shortcuts)):
        if (of := {key: told[key] for key in DETAILS}) != plan:
            raise SystemExit(f"the {name} figures are of {list(of.values())}, the run is of {list(plan.values())}")
        if record["sha256"] not in told["weights"].values():
            others = ", ".join(told["weights"].values()) or "no weights"
            raise SystemExit(f"the {name} figures are of {others}, not of this run's {record['sha256']}")
    measured = {
        "probe": probe | {"tasks": {name: _alone(one, probe, record) for name, one in probe["tasks"].items()}},
        "shortcuts": shortcuts
        | {
            part: {
                name: one | {"weights": _alone(one["weights"], shortcuts, record)}
                for name, one in shortcuts[part].items()
            }
            for part in ("blacked_out", "sources")
        },
    }
    for one in measured.values():
        one["weights"] = {OURS: record["sha256"]}
    if not all(task[OURS].get("few") for task in measured["probe"]["tasks"].values()):
        raise SystemExit("the probe figures have no learning curve: run xray_probe.py with --curve")
    return {"command": without_places(record["command"]), **measured}


def _alone(told: dict[str, Any], whole: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """A task's entries without those of other weights; ours by its name here."""
    (mine,) = [name for name, digest in whole["weights"].items() if digest == record["sha256"]][:1]
    others = set(whole["weights"]) - {mine}
    return {OURS if name == mine else name: one for name, one in told.items() if name not in others}


def without_places(command: str) -> str:
    """A command line whose paths are names alone, and which begins anew."""
    return shlex.join(_name(word) for word in shlex.split(command) if word != "--resume")


def _name(word: str) -> str:
    option, equals, value = word.partition("=")
    if equals and option.startswith("--"):
        return f"{option}={_name(value)}"
    placed = PurePath(word).is_absolute() or PureWindowsPath(word).is_absolute() or word.startswith(("~", ".."))
    return PureWindowsPath(word).name if placed else word


def require(record: dict[str, Any], run: Path) -> None:
    """Stop where a run may not be shipped."""
    if record.get("status") != "finished":
        raise SystemExit(f"{run}: this run is not finished")
    if sha256_file(run / WEIGHTS) != record["sha256"]:
        raise SystemExit(f"{run / WEIGHTS}: these are not the weights that run.json names")
    size, most = (run / WEIGHTS).stat().st_size, f"{FILE_LIMIT:,} are allowed"
    if size > FILE_LIMIT:
        raise SystemExit(f"{run / WEIGHTS} has {size:,} bytes; {most}: pretrain with --half, or a smaller network")
    listed = pd.read_csv(run / LISTED, keep_default_na=False)
    bound = ", ".join(sorted({repr(licence) for licence in listed["license"] if not is_free(licence)}))
    if bound:
        raise SystemExit(f"{run / LISTED}: films of these licences may train nothing that is shipped: {bound}")
    if sha256_json(listed["sha256"].tolist()) != record["list_hash"]:
        raise SystemExit(f"{run / LISTED}: this is not the list that run.json names")


def ship(run: Path, *, probe: Path, shortcuts: Path, into: Path = FOLDER) -> Shipped:
    """Write the four files and the description; nothing is written where something is refused."""
    record = read_json(run / "run.json")
    require(record, run)
    network = record["plan"]["network"]
    ours = Shipped(
        network=network,
        path=into / file_name(network),
        sha256=record["sha256"],
        preprocessing=Preprocessing.from_dict(record["plan"]["preprocessing"]),
    )
    there = {name: shipped(name, folder=into) for name in xray_networks(into) if name != network}
    if any(one.path == ours.path for one in there.values()):
        raise SystemExit(f"{ours.path.name} is the file of another network already")
    size = sum(one.path.stat().st_size for one in there.values()) + (run / WEIGHTS).stat().st_size
    if size > ALL_LIMIT:
        raise SystemExit(f"all weights together would have {size:,} bytes; {ALL_LIMIT:,} are allowed")
    figures = figures_of(record, probe=read_json(probe), shortcuts=read_json(shortcuts))
    card = _card(record, figures, ours)
    if told := re.search(r"(?<![\w.:/])(/\w+/|~/|[A-Za-z]:\\)", card):
        raise SystemExit(f"the card would name a place on this machine: {card[told.start() : told.start() + 40]!r}")
    write_bytes(ours.path, (run / WEIGHTS).read_bytes())
    write_bytes(ours.films, (run / LISTED).read_bytes())
    write_json(ours.figures, figures)
    write_text(ours.card, card)
    described = {name: _described(one) for name, one in (there | {network: ours}).items()}
    write_json(into / DESCRIPTION, {"format": FORMAT, "networks": dict(sorted(described.items()))})
    return shipped(network, folder=into)


def _described(one: Shipped) -> dict[str, Any]:
    return {"sha256": one.sha256, "preprocessing": one.preprocessing.to_dict()}


def _card(record: dict[str, Any], figures: dict[str, Any], ours: Shipped) -> str:
    facts = record | {"file": ours.path.name, "command": figures["command"]}
    card = card_of(facts, given=OURS, list_file=ours.films.name)
    before, limits, after = card.partition(LIMITS)
    return f"{before}\n{sections(figures)}\n{limits}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of `deepcovid pretrain`")
    parser.add_argument("--probe", type=Path, required=True, help="JSON of xray_probe.py")
    parser.add_argument("--shortcuts", type=Path, required=True, help="JSON of xray_shortcuts.py")
    parser.add_argument("--into", type=Path, default=FOLDER, help="default: the package")
    given = parser.parse_args()
    done = ship(given.run, probe=given.probe, shortcuts=given.shortcuts, into=given.into)
    print(f"{done.network}: {done.path.stat().st_size:,} bytes, {done.sha256}")


if __name__ == "__main__":
    main()
