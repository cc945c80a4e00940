"""Tables of films: loaded, checked, split, made."""
