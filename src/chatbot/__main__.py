"""``python -m chatbot`` is the command line."""

from chatbot.cli import main

main()
