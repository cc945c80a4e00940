"""How many threads torch computes with, for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def threads(number: int) -> Iterator[None]:
    """Let torch compute with `number` threads within the block (0: leave it as it is).

    Sums are split by threads, so that their number decides the last bits; and on a busy machine threads wait for each other.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
