"""Datasets: fetched or given, prepared to one form, split, and read from memory-mapped files."""
