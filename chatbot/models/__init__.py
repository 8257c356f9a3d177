"""What a model folder holds, and which one is current."""
