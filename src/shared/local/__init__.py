"""Adapters that need no account, one a file. Imported only by ``shared.backends``."""
