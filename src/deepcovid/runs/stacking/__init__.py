"""Learned stacking: a combiner on what each member's recipe says of films that it was not trained on."""
