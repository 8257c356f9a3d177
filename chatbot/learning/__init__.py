"""What conversations teach: what could not be answered, and what staff say it should have been."""
