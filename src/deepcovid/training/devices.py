"""The device, or the devices, that train."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from deepcovid.errors import RunError

if TYPE_CHECKING:
    import lightning_fabric

# here, so that processes side by side read it before they speak of their connection
for chatty in ("lightning.fabric", "lightning_fabric.utilities.distributed", "lightning_fabric.utilities.rank_zero"):
    logging.getLogger(chatty).setLevel(logging.ERROR)


def fabric_on(device: str, *, devices: int = 1, **options: Any) -> lightning_fabric.Fabric:
    """Fabric on a device, or on several, not launched yet.

    Args:
        device: "auto", "cpu", "cuda" or "mps".
        devices: how many.
        options: what else Fabric takes.

    Raises:
        RunError: there is no such device, or there are not so many.
    """
    import lightning_fabric
    from lightning_fabric.utilities.exceptions import MisconfigurationException

    try:
        return lightning_fabric.Fabric(accelerator=device, devices=devices, **options)
    except (RuntimeError, ValueError, ImportError, MisconfigurationException) as error:
        which = f"the device {device!r}" if devices == 1 else f"{devices} devices of {device!r}"
        fewer = "" if devices == 1 else "fewer --devices, or "
        raise RunError(
            f"{which} cannot be had here",
            mend=f"choose {fewer}auto or cpu; `deepcovid doctor` lists the devices there are",
        ) from error
