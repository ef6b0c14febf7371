"""What ``scripts/build_lambdas.py`` is made of; the standard library of Python 3.11 is all that it needs."""
