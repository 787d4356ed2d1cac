"""`python -m vbatch` is the command line."""

from vbatch.cli import main

main()
