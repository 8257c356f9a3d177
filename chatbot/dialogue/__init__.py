"""The assistant's domain and rules, in Rasa's formats."""
