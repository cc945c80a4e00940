"""Networks, their weights, and detectors."""
