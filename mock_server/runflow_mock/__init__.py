"""runflow-mock: a faithful local fake of the Runflow API and a contract-testing kit around it."""

__version__ = "0.1.0"
