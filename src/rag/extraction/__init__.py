"""Reading files of many formats; runs in a child process (``rag.extraction.child``), apart from everything else."""
