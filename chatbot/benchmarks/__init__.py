"""The product measured: `scripts/bench`. Serving imports nothing of it."""
