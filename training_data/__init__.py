"""Dialogue logs and labelled examples: their formats, and the demo shop's own."""
