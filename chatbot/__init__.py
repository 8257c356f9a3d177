"""Frontdesk: a customer-service chatbot. Start reading in turn.py."""
