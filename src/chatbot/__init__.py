"""The personal chatbot: HTTP API, command line, and the use-case of one turn."""

__version__ = "0.1.0"
