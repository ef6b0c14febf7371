"""The parts of the command line (``chatbot.cli``): a client of the HTTP contract, and what it shows in a terminal."""
