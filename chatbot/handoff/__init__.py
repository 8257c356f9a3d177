"""A person for the customer: tickets now, queue and taking over later."""
