"""The arguments that the measuring scripts share."""

from __future__ import annotations

import argparse
from pathlib import Path

from xray.scratch import Where


def pretraining_parser(about: str | None) -> argparse.ArgumentParser:
    """For the films and the pretraining that a script asks of."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, help="of xray_films.py")
    parser.add_argument("--network", default="squeezenet1_1")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--share", type=float, default=0.5, help="of the pretraining")
    parser.add_argument("--licences", default="free", help="of the pretraining")
    parser.add_argument("--device", default="cpu", help="for whole networks; bits are promised on cpu alone")
    parser.add_argument("--loaders", type=int, default=0, help="processes that fetch films for whole networks")
    return parser


def measuring_parser(about: str | None) -> argparse.ArgumentParser:
    """And for the weights that are compared."""
    parser = pretraining_parser(about)
    parser.add_argument(
        "--weights", type=Path, action="append", default=[], help="of `deepcovid pretrain`; may be repeated"
    )
    parser.add_argument("--seeds", type=int, default=3, help="random backbones to compare with")
    parser.add_argument("--divisions", type=int, default=3)
    parser.add_argument("--out", type=Path, help="JSON to write")
    return parser


def where_of(given: argparse.Namespace) -> Where:
    """Where whole networks train."""
    return Where(device=given.device, loaders=given.loaders)
