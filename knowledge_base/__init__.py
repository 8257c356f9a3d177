"""The company's question-answer pairs: their format, store, index and search."""
