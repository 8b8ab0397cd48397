"""`python -m api` is `muster`."""

from api.cli import main

main()
