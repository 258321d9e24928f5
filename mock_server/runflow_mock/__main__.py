"""`python -m runflow_mock` is `runflow-mock`."""

from runflow_mock.cli import main

main()
