"""The log of turns and the live state of conversations."""
