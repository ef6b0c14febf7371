"""Adapters for AWS services, one a file. Imported only by ``shared.backends``."""
