"""deepcovid."""
