"""Retrieval-augmented generation: documents in, passages out."""
