"""ministack with what it lacks for the rehearsal. Runs in the emulator's environment: only its packages are there."""
