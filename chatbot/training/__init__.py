"""Examples in, model folder out. Nothing here is imported by serving."""
