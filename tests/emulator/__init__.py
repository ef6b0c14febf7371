"""The AWS emulator (ministack) on loopback, in its own environment, since it pins its own botocore."""
