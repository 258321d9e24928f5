"""Mutants: servers that are wrong in one thing, made from the contract and from what a right server answers, and chosen by nobody.

One clean run with an observer between suite and server finds every place at which an answer can be wrong. A mutant is one such place and
one way of being wrong there; a proxy plants exactly one. Only the flows that met the place are played, in this process, until a rule is
broken (the mutant is killed) or none is left (it survived); and first without a server, on the answers of the clean run, as far as a flow
asks what it asked there.
"""
