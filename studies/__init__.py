"""The evidence: what dnalect's models are worth, measured on real data. `python -m studies --help` lists the studies.

Not part of the installed package: the library's first honest user.
"""
