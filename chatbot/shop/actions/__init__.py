"""The demo shop's rasa-sdk actions. A project's own look the same: a package of Action classes."""
