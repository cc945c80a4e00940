"""`python -m deepcovid`: the command line."""

from deepcovid.cli import main

main()
