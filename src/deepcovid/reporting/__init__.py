"""Reports, figures and model cards."""
