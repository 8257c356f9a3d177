"""The staff console's HTTP routes, below /staff/api: one file for each part of the console."""
