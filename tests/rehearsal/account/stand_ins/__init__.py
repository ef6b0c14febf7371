"""The proxy before the account, and the services that ministack does not have. Runs in the project's environment."""
