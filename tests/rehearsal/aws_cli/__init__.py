"""The AWS CLI, started quickly and overheard.

The real CLI (``awscli`` as published, in ``.venv-cli``) needs 0.4 s of processor time before its first request, and the
scripts call it hundreds of times. ``server`` imports it once and forks for every call (0.07 s); ``client`` is what
stands on the PATH as ``aws``. The code that runs is the CLI's own, with the caller's arguments, folder, environment,
umask and file descriptors; ``test_aws_cli`` shows that both ways agree.
"""
