"""The picker of Baer & Kradolfer (1987) on many windows at once, and the search for its parameters."""
