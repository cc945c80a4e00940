"""Weights of our own, of backbones that have seen chest films: which there are, and a file once it is checked."""

from __future__ import annotations

from deepcovid.models.xray.shipped import Shipped, shipped_weights, xray_networks

__all__ = ["Shipped", "shipped_weights", "xray_networks"]
