"""The project's rasa-sdk actions: run in this process or on an action server, what they read and what they say back."""
