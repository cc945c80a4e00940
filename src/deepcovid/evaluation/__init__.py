"""How good a detector is, from its scores alone: arrays and tables in, figures with intervals out."""
