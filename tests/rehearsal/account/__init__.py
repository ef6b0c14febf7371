"""The emulated AWS account of the rehearsal; README.md says what in it is real, and what stands in."""
