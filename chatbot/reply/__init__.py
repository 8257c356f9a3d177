"""One responder a file: a step in, replies and events out."""
