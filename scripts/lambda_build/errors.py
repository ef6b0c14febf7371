"""The one error of the build."""


class BuildError(Exception):
    """What was found, and what to do about it: two sentences for the person at the terminal."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(f"{found} {remedy}")
