"""Training: recipes, heads on frozen features, whole networks."""
