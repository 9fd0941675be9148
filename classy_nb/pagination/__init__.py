"""Whole lists: complete by construction, or an error; never fewer records than there are."""
