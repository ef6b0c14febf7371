"""The benchmark: what a turn costs, how that grows, how fast it starts, beside a peer. See README.md here."""
