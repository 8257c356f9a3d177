"""What a customer wrote never runs; these actions read the demo orders and write tickets."""
