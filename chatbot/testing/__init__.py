"""Test stories, as `rasa test` runs them: each step predicted against the story so far, no action run."""
